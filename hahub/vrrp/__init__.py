"""VRRP without input or output: packets, timers and the state machine (RFC 3768, RFC 9568, keepalived)."""

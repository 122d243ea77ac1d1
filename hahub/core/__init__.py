"""The VRRP core: a real-time process that does nothing but VRRP, and never waits for anyone."""

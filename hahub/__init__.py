"""hahub: an event-driven notification hub for high availability, with a VRRP core compatible with keepalived."""

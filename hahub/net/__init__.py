"""Edges of the core: sockets for adverts and ARP frames, netlink for links and addresses. Nothing here waits."""

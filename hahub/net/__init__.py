"""Edges of the core: raw sockets, frames and netlink. Nothing here waits, and nothing here decides."""

"""The mail channel against a real mail server."""

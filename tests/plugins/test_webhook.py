"""The webhook channel against a receiver that verifies signatures."""

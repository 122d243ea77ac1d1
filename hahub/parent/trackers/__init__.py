"""Trackers: what the parent watches on behalf of the core, one module for each ``track_NAME``."""

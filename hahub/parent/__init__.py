"""The parent process: starts and restarts the others, runs every script, owns the FIFOs, writes the log."""

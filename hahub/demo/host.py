"""Process 1 of a node: takes the host name, collects orphans, and ends with its standard input.

Run as ``python -I -S host.py NAME`` in fresh namespaces; standard library only. Says ``ready`` when it is.
"""

import signal
import socket
import sys

if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel then collects for us
    socket.sethostname(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.read()

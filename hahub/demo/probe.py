"""The client: asks a URL again and again, each time on a new connection, and writes down who answered.

Run as ``python -I probe.py HOST PORT LOG``; standard library only. A line per attempt:
``{"at": MONOTONIC_SECONDS, "node": "server"}``, with an empty name for no answer.
"""

import http.client
import json
import sys
import time
from pathlib import Path

INTERVAL = 0.05
"""Seconds between the starts of two attempts."""
TIMEOUT = 0.3
"""Seconds for one attempt."""


def ask(host: str, port: int) -> str:
    """Return what the service said, or nothing when it did not answer in time."""
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        return response.read().decode("ascii", "replace").strip() if response.status == 200 else ""
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


if __name__ == "__main__":
    with Path(sys.argv[3]).open("a", encoding="utf-8") as log:
        while True:
            started = time.monotonic()
            node = ask(sys.argv[1], int(sys.argv[2]))
            log.write(json.dumps({"at": time.monotonic(), "node": node}) + "\n")
            log.flush()
            time.sleep(max(0.0, started + INTERVAL - time.monotonic()))

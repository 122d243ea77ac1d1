"""The HTTP service that is guarded where nginx is not installed: says the node's name to everyone.

Run as ``python -I service.py NAME PORT PID_FILE``; standard library only.
"""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        answer = f"{sys.argv[1]}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *arguments: object) -> None:
        return


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    with ThreadingHTTPServer(("", int(sys.argv[2])), _Handler) as server:
        Path(sys.argv[3]).write_text(f"{os.getpid()}\n")
        server.serve_forever()

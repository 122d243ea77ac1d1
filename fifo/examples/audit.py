#!/usr/bin/env python3
"""Appends every line of a notify FIFO to a file, as JSON with the time, safely on disk before the next is read.

Usage: audit.py OUTPUT FIFO

Started as ``vrrp_notify_fifo_script "/usr/share/doc/hahub/fifo/audit.py /var/log/ha-audit.jsonl"``, or by
itself: it waits for the FIFO, and goes on when the writer starts again.
"""

import json
import os
import signal
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from hahub_fifo import Line, UnknownLine, follow

LAST_LINES = 0.7
"""Seconds to read on after SIGTERM: keepalived sends it first and the STOP lines after it, and kills after 1 s."""


def record(line: Line | UnknownLine, at: datetime) -> str:
    """Return one line of JSON."""
    return json.dumps({"at": at.isoformat(timespec="milliseconds"), **asdict(line)})


def append(output: TextIO, text: str) -> None:
    """Write one line and wait for the disk."""
    output.write(text + "\n")
    output.flush()
    os.fsync(output.fileno())


def main(output: str, fifo: str) -> None:
    """Read until a while after SIGTERM."""
    leave_at = float("inf")

    def on_sigterm(_number: int, _frame: object) -> None:
        nonlocal leave_at
        leave_at = min(leave_at, time.monotonic() + LAST_LINES)

    signal.signal(signal.SIGTERM, on_sigterm)
    with Path(output).open("a", encoding="utf-8") as file:
        for line in follow(fifo, check_interval=0.1, stopped=lambda: time.monotonic() >= leave_at):
            append(file, record(line, datetime.now(UTC)))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} OUTPUT FIFO")
    main(sys.argv[1], sys.argv[2])

"""The contract with readers of the notify FIFO: line grammar, writer and reader. Standard library only.

The contract itself is written down in PROTOCOL.md; shell consumers are in examples/.
"""

from hahub_fifo.lines import EVENTS, GROUP, INSTANCE, STATES, Line, UnknownLine, format_line, parse_line
from hahub_fifo.reader import LineSplitter, follow, read_lines
from hahub_fifo.writer import PIPE_BUF, FifoWriter

__all__ = [
    "EVENTS",
    "GROUP",
    "INSTANCE",
    "PIPE_BUF",
    "STATES",
    "FifoWriter",
    "Line",
    "LineSplitter",
    "UnknownLine",
    "follow",
    "format_line",
    "parse_line",
    "read_lines",
]

"""Log lines on their way to the parent, who writes them. Never blocks: what does not fit is counted."""

import logging
import traceback

from hahub.link import Link, LinkClosedError
from hahub.messages import Log

TEXT_MAX = 8000
"""Characters of one record."""


class LinkHandler(logging.Handler):
    """Sends log records over a link."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self._text(record)
            if self._dropped and self._link.try_send(Log(logging.WARNING, f"{self._dropped} log lines lost")):
                self._dropped = 0
            if not self._link.try_send(Log(record.levelno, text)):
                self._dropped += 1
        except LinkClosedError:
            return
        except Exception:
            self.handleError(record)

    def _text(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        # The exceptions of other packages may quote a URL with a token in it.
        if record.exc_info and record.name.startswith("hahub."):
            text += "\n" + "".join(traceback.format_exception(record.exc_info[1]))
        return text[:TEXT_MAX]


def log_to(link: Link) -> logging.Handler:
    """Send our own log lines and other packages' warnings to the parent."""
    handler = LinkHandler(link)
    root = logging.getLogger()
    root.addHandler(handler)
    # HTTP libraries log whole URLs below this level.
    root.setLevel(logging.WARNING)
    for name in ("hahub", "hahub_plugins"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    return handler

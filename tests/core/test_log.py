"""What the core's log holds back, and what becomes of it."""

from hahub.core.log import INFO, WARNING, CoreLog
from hahub.messages import Log, Record


class Lines:
    """Stands where the link to the parent is."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def put(self, record: Record) -> None:
        self.records.append(record)


def test_what_was_held_back_is_counted_before_the_end() -> None:
    lines = Lines()
    log = CoreLog(lines)  # type: ignore[arg-type]
    for number in range(1000):
        log.limited(WARNING, "VI_1", "checksum", f"packet dropped: number {number}")
    log.limited(INFO, "VI_1", "lower", "said once")

    log.settle()
    log.settle()

    assert lines.records == [
        Log(WARNING, "VI_1: packet dropped: number 0"),
        Log(INFO, "VI_1: said once"),
        Log(WARNING, "VI_1: checksum: 999 more since"),
    ]

import logging

import pytest

from hahub.hub.logs import TEXT_MAX, LinkHandler
from hahub.link import Link, LinkClosedError, pair
from hahub.messages import Log


@pytest.fixture
async def link():
    """The parent's end, and a logger that writes into the other one."""
    ours, theirs = pair()
    parent, hub = Link(ours), Link(theirs)
    handler = LinkHandler(hub)
    root = logging.getLogger()
    root.addHandler(handler)
    yield parent
    root.removeHandler(handler)
    parent.close()
    hub.close()


def received(link: Link) -> list[Log]:
    records = []
    while (received := link.try_receive()) is not None:
        records.append(received[0])
    return records


async def test_a_log_line_goes_to_the_parent(link: Link) -> None:
    logging.getLogger("hahub.hub.somewhere").warning("message %s", "sent")

    assert received(link) == [Log(logging.WARNING, "message sent")]


async def test_only_our_own_tracebacks_are_sent(link: Link) -> None:
    for name in ("hahub.hub.somewhere", "httpx", "hahub_plugins.webhook"):
        try:
            raise ValueError("hunter2")
        except ValueError:
            logging.getLogger(name).exception("failed")

    ours, *theirs = received(link)
    assert ours.text.startswith("failed\nTraceback")
    assert theirs == [Log(logging.ERROR, "failed")] * 2


async def test_a_line_that_is_too_long_is_cut(link: Link) -> None:
    logging.getLogger("hahub.hub.somewhere").warning("x" * 1_000_000)

    assert received(link) == [Log(logging.WARNING, "x" * TEXT_MAX)]


async def test_a_parent_that_does_not_read_blocks_nobody_and_learns_what_it_missed(link: Link) -> None:
    logger = logging.getLogger("hahub.hub.somewhere")
    for number in range(5000):
        logger.warning("line %d", number)
    kept = received(link)

    logger.warning("last line")

    assert kept == [Log(logging.WARNING, f"line {number}") for number in range(len(kept))]
    assert received(link) == [
        Log(logging.WARNING, f"{5000 - len(kept)} log lines lost"),
        Log(logging.WARNING, "last line"),
    ]


async def test_a_parent_that_is_gone_disturbs_nobody(link: Link) -> None:
    link._sock.shutdown(2)

    logging.getLogger("hahub.hub.somewhere").warning("nobody reads this")

    with pytest.raises(LinkClosedError):
        link.try_receive()

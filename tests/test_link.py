"""Links between processes: whole records, descriptors, and no waiting."""

import os

import pytest
import trio
import trio.testing

from hahub.link import Link, LinkClosedError, memory_file, pair, read_memory_file
from hahub.messages import Configure, Log, Ready


async def test_records_arrive_whole_and_in_order_with_their_descriptors():
    ours, theirs = (Link(end) for end in pair())
    descriptor = memory_file("settings", b"content")

    assert ours.try_send(Configure(), [descriptor])
    assert ours.try_send(Ready())
    os.close(descriptor)

    record, descriptors = await theirs.receive()
    assert record == Configure()
    assert read_memory_file(descriptors[0]) == b"content"
    assert await theirs.receive() == (Ready(), [])
    assert theirs.try_receive() is None


async def test_sending_to_a_reader_who_sleeps_is_refused_and_works_again_later():
    ours, theirs = (Link(end) for end in pair())
    count = 0
    while ours.try_send(Log(20, "x" * 1000)):
        count += 1

    for _ in range(count):
        await theirs.receive()

    assert count > 10
    assert ours.try_send(Log(20, "again"))


async def test_a_closed_link_says_so_to_both_directions():
    ours, theirs = (Link(end) for end in pair())
    theirs.close()

    with pytest.raises(LinkClosedError):
        ours.try_send(Ready())
    with pytest.raises(LinkClosedError):
        await ours.receive()


async def test_closing_wakes_a_receiver():
    ours, theirs = (Link(end) for end in pair())

    async def receive() -> None:
        with pytest.raises(LinkClosedError):
            await ours.receive()

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(receive)
            await trio.testing.wait_all_tasks_blocked()
            theirs.close()


async def test_a_record_that_fits_no_packet_is_refused_before_it_is_sent():
    ours, _ = (Link(end) for end in pair())

    with pytest.raises(ValueError, match="Log takes 200"):
        ours.try_send(Log(20, "x" * 200_000))

"""What one life of the core leaves to the next, and shows the parent."""

import os

import pytest

from hahub import lifeline as module
from hahub.lifeline import Due, Lifeline, Reader


@pytest.fixture
def memory():
    descriptor = module.create()
    yield descriptor
    os.close(descriptor)


def test_the_next_life_finds_where_this_one_was_master_and_when_it_last_spoke(memory):
    first = Lifeline(os.dup(memory))
    assert first.recovered == {}
    held, left, never = (first.claim(("eth0.1234567890"[:15], vrid, 3)) for vrid in (1, 2, 255))
    held.holds()
    held.sent(12.5)
    left.holds()
    left.sent(13.0)
    left.holds_no_more()
    never.sent(14.0)

    assert Lifeline(os.dup(memory)).recovered == {("eth0.1234567890", 1, 3): 12.5}


def test_sequence_numbers_are_left_by_masters_and_by_backups(memory):
    """Who hears nothing of its own numbers after a death would be refused by its peers, or accept a repetition."""
    first = Lifeline(os.dup(memory))
    master, backup, other = (first.claim(("eth0", vrid, 0x42)) for vrid in (1, 2, 3))
    master.numbered(7)
    master.holds()
    backup.numbered(0xFFFFFFFF)
    other.sent(1.0)

    assert Lifeline(os.dup(memory)).sequences == {("eth0", 1, 0x42): 7, ("eth0", 2, 0x42): 0xFFFFFFFF}
    assert Lifeline(os.dup(memory)).sequences == {}


def test_what_was_found_is_found_once(memory):
    slot = Lifeline(os.dup(memory)).claim(("eth0", 1, 2))
    slot.holds()
    assert Lifeline(os.dup(memory)).recovered == {("eth0", 1, 2): 0.0}

    assert Lifeline(os.dup(memory)).recovered == {}


def test_a_released_slot_is_forgotten_and_used_again(memory, monkeypatch):
    life = Lifeline(os.dup(memory))
    for vrid in range(module.SLOTS):
        life.claim((f"eth{vrid // 255}", vrid % 255 + 1, 2)).holds()
    with pytest.raises(MemoryError, match="no more than 4096"):
        life.claim(("lo", 1, 2))

    life.release(("eth0", 1, 2))
    life.claim(("lo", 1, 2)).holds()

    recovered = Lifeline(os.dup(memory)).recovered
    assert ("eth0", 1, 2) not in recovered
    assert ("lo", 1, 2) in recovered
    assert len(recovered) == module.SLOTS


def test_whose_word_is_due_first(memory):
    reader = Reader(memory)
    assert reader.due(1.0) is None
    life = Lifeline(os.dup(memory))
    assert reader.due(1.0) is None
    slow, fast, backup = (life.claim(("eth0", vrid, 0x43)) for vrid in (1, 2, 3))

    life.beat(100.0)

    assert reader.due(1.0) == Due(103.0, 3.0, "no sign of life for 3 s")
    for slot, limit in ((slow, 3.5), (fast, 0.5), (backup, 0.5)):
        slot.peers_wait(limit)
        slot.sent(99.0)
    slow.holds()
    assert reader.due(1.0) == Due(102.5, 3.5, "no advertisement for 3.5 s by virtual router 1 on eth0")
    fast.holds()
    assert reader.due(1.0) == Due(100.0, 1.0, "no advertisement for 1 s by virtual router 2 on eth0")
    fast.sent(102.2)
    fast.holds_no_more()
    slow.sent(102.0)
    assert reader.due(1.0) == Due(103.0, 3.0, "no sign of life for 3 s")


def test_a_virtual_router_that_is_gone_owes_nothing(memory):
    life, reader = Lifeline(os.dup(memory)), Reader(memory)
    for vrid in (1, 2, 3):
        slot = life.claim(("eth0", vrid, 0x43))
        slot.sent(10.0 * vrid)
        slot.holds()
    life.beat(100.0)

    life.release(("eth0", 1, 0x43))

    assert reader.due(1.0) == Due(21.0, 1.0, "no advertisement for 1 s by virtual router 2 on eth0")

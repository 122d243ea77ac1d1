"""What one life of the core leaves to the next."""

import os

import pytest

from hahub.core import lifeline as module
from hahub.core.lifeline import Lifeline
from hahub.link import memory_file


@pytest.fixture
def memory():
    descriptor = memory_file("lifeline", b"")
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

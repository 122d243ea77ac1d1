"""Two real cores whose adverts are signed: one key after another, a wrong one, and repetitions of what was heard."""

import signal
import socket
from contextlib import ExitStack
from dataclasses import replace

import pytest

from hahub.link import pair
from hahub.messages import Ready
from hahub.model import State
from hahub.net.adverts import AdvertSender
from hahub.settings import HmacKey, HmacSettings, InstanceSettings, VirtualAddress
from hahub.vrrp.packet import GROUP4, split_ip
from tests.core.driver import CoreDriver
from tests.lab import VIP, Lab
from tests.lab.recorder import in_namespace
from tests.net.namespace import Sniffer, index_of

pytestmark = pytest.mark.namespaces

OLD, NEW, WRONG = HmacKey(1, b"o" * 32), HmacKey(2, b"n" * 32), HmacKey(2, b"w" * 32)


def settings(priority: int, *keys: HmacKey, active: int, required: bool = True) -> InstanceSettings:
    return InstanceSettings(
        "VI_1", "eth0", 51, priority=priority, version=3, advert_int=0.2,
        virtual_addresses=(VirtualAddress(VIP, 24, "eth0"),),
        auth_hmac=HmacSettings(keys, active, required=required),
    )  # fmt: skip


def start(cores: ExitStack, lab: Lab, name: str, instance: InstanceSettings, **more: socket.socket) -> CoreDriver:
    core = CoreDriver(lab[name], instance, **more)
    cores.callback(core.close)
    return core


def assert_one_master(lab: Lab, a: CoreDriver, b: CoreDriver) -> None:
    lab.wait_for_advert(lab["a"], since=lab.adverts()[-1].at, count=8)
    for core in (a, b):
        core.pump(0)
    states = [core.states() for core in (a, b)]
    assert states == [[State.BACKUP, State.MASTER], [State.BACKUP]], a.log + b.log


def test_keys_are_changed_one_node_after_the_other_and_nobody_notices(lab: Lab, cores: ExitStack) -> None:
    """The way of keepalived's manual: all know the new key, then one after the other signs with it."""
    unsigned = replace(settings(150, OLD, active=1), auth_hmac=None)
    a = start(cores, lab, "a", unsigned)
    a.wait_for_state(State.MASTER)
    receive_only = HmacSettings((OLD,), 1, signs=False, required=False)
    b = start(cores, lab, "b", replace(unsigned, priority=100, auth_hmac=receive_only))
    b.wait_for_state(State.BACKUP)

    for now_a, now_b in (
        (settings(150, OLD, active=1, required=False), settings(100, OLD, active=1, required=False)),
        (settings(150, OLD, active=1), settings(100, OLD, active=1)),
        (settings(150, OLD, active=1), settings(100, OLD, NEW, active=1)),
        (settings(150, OLD, NEW, active=2), settings(100, OLD, NEW, active=2)),
        (settings(150, NEW, active=2), settings(100, NEW, active=2)),
    ):
        b.configure(now_b)
        a.configure(now_a)
        assert_one_master(lab, a, b)


def test_a_wrong_key_makes_two_masters_who_are_told(lab: Lab, cores: ExitStack) -> None:
    a = start(cores, lab, "a", settings(150, NEW, active=2))
    a.wait_for_state(State.MASTER)
    b = start(cores, lab, "b", settings(100, WRONG, active=2))

    b.wait_for_state(State.MASTER)
    told = a.wait_for_state(State.DUAL_MASTER)
    b.configure(settings(100, NEW, active=2))
    b.wait_for_state(State.BACKUP, count=2)

    assert told.reason.detail.startswith("eth0: 10.9.0.2: another key")
    a.wait_for_state(State.DUAL_MASTER_OVER)


def test_what_was_heard_before_is_not_believed_again(lab: Lab, cores: ExitStack) -> None:
    """The adverts of the master before, sent again by somebody who heard them."""
    sniffer = in_namespace(lab["b"].namespace, lambda: Sniffer("eth0"))
    repeater = in_namespace(lab["a"].namespace, lambda: AdvertSender("eth0", index_of("eth0"), 0x0A090001))
    cores.callback(repeater.close)
    a = start(cores, lab, "a", settings(150, NEW, active=2))
    a.wait_for_state(State.MASTER)
    heard = [split_ip(sniffer.next(0x0800, protocol=112)[14:]) for _ in range(3)]
    b = start(cores, lab, "b", settings(200, NEW, active=2))
    b.wait_for_state(State.MASTER)
    a.wait_for_state(State.BACKUP, count=2)

    for datagram in heard:
        assert datagram.destination == GROUP4
        assert repeater.send(datagram.payload) is None
    b.wait_for(lambda: "packet dropped: 10.9.0.1 sequence: " in b.log, "word of the repetition")

    assert b.states() == [State.BACKUP, State.MASTER]


def test_who_takes_over_from_another_process_believes_no_repetition_either(lab: Lab, cores: ExitStack) -> None:
    """A master that is dead cannot be made to seem alive while its backup is upgraded."""
    sniffer = in_namespace(lab["b"].namespace, lambda: Sniffer("eth0"))
    repeater = in_namespace(lab["a"].namespace, lambda: AdvertSender("eth0", index_of("eth0"), 0x0A090001))
    cores.callback(repeater.close)
    a = start(cores, lab, "a", settings(150, NEW, active=2))
    a.wait_for_state(State.MASTER)
    heard = split_ip(sniffer.next(0x0800, protocol=112)[14:])
    first = start(cores, lab, "b", settings(100, NEW, active=2))
    first.wait_for_state(State.BACKUP)
    lab.wait_for_advert(lab["a"], since=lab.adverts()[-1].at, count=3)
    ours, theirs = pair()
    second = start(cores, lab, "b", settings(100, NEW, active=2), predecessor=theirs)
    second.wait_for(lambda: any(isinstance(record, Ready) for record in second.records), "the prepared core")

    a.signal(signal.SIGSTOP)
    first.hand_over_to(ours)
    second.wait_for_takeover()
    assert repeater.send(heard.payload) is None

    second.wait_for(lambda: "packet dropped: 10.9.0.1 sequence: " in second.log, "word of the repetition")
    second.wait_for_state(State.MASTER)

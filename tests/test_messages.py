"""Records between processes, there and back."""

import pytest

from hahub import messages
from hahub.messages import MessageError
from hahub.model import Cause, Kind, Reason, State, Transition
from hahub.settings import (
    ChannelSettings,
    CoreSettings,
    HubSettings,
    InstanceSettings,
    TrackedScript,
    VirtualAddress,
)

TRANSITION = Transition(
    Kind.INSTANCE, "VI_1", State.MASTER, State.BACKUP, 100, Reason(Cause.PRIORITY_ZERO, "10.9.0.1 resigned"),
    "node", "boot", 7, 1_700_000_000.5, 12.25, "eth0", 51, ("10.9.0.200/24",),
)  # fmt: skip


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(messages.Configure(("/run/fifo",)), id="Configure"),
        pytest.param(messages.Ready(("no real-time scheduling",)), id="Ready"),
        pytest.param(messages.HubLink(), id="HubLink"),
        pytest.param(messages.CoreLink(), id="CoreLink"),
        pytest.param(messages.ScriptResult("check", False, "exited with status 2"), id="ScriptResult"),
        pytest.param(messages.ProcessResult("web", False, "0 processes"), id="ProcessResult"),
        pytest.param(messages.FileResult("tf", -60, "/run/tf says -60"), id="FileResult"),
        pytest.param(messages.Shutdown(2.5), id="Shutdown"),
        pytest.param(messages.Ack("boot", 3), id="Ack"),
        pytest.param(messages.Gap("boot", 1, 2, "away"), id="Gap"),
        pytest.param(messages.Log(30, "text"), id="Log"),
        pytest.param(messages.Stopped("3 wait", clean=False), id="Stopped"),
        pytest.param(TRANSITION, id="Transition"),
    ],
)
def test_a_record_is_the_same_after_the_journey(record):
    assert messages.decode(messages.encode(record)) == record


@pytest.mark.parametrize(
    ("packet", "finding"),
    [
        pytest.param(b"", "packet of 0 bytes is not a record", id="empty"),
        pytest.param(b'["Nothing", {}]', "unknown record 'Nothing'", id="unknown"),
        pytest.param(b'["Ack", {"boot": "b"}]', "missing required field `seq`", id="a field is missing"),
        pytest.param(
            b'["Ack", {"boot": "b", "seq": "x"}]', "Expected `int`, got `str` - at `\\$.seq`", id="wrong type"
        ),
    ],
)
def test_what_is_not_a_record_is_named(packet, finding):
    with pytest.raises(MessageError, match=finding):
        messages.decode(packet)


def test_settings_are_the_same_after_the_journey():
    core = CoreSettings(
        "node",
        (
            InstanceSettings(
                "VI_1", "eth0", 51, auth_pass="secret", track_scripts=(TrackedScript("s", -2),),
                virtual_addresses=(VirtualAddress("10.0.0.1", 32, "eth0", scope=253),),
            ),
        ),
    )  # fmt: skip
    hub = HubSettings("node", (ChannelSettings("chat", "dingtalk", {"token": "t", "at": ["1"]}),))

    assert messages.decode_settings(messages.encode_settings(core), CoreSettings) == core
    assert messages.decode_settings(messages.encode_settings(hub), HubSettings) == hub


def test_no_setting_shows_a_secret():
    shown = repr(InstanceSettings("VI_1", "eth0", 51, auth_pass="hunter2")) + repr(
        ChannelSettings("chat", "dingtalk", {"token": "hunter2"})
    )

    assert "hunter2" not in shown

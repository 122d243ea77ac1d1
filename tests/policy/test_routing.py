import pytest

from hahub.model import Kind, State
from hahub.policy.routing import channels_for
from hahub.settings import ChannelSettings
from tests.hub.support import transition

CHANNELS = (
    ChannelSettings("smtp_alert", "smtp", instances=("VI_1",)),
    ChannelSettings("chat", "dingtalk"),
    ChannelSettings("program", "webhook"),
    ChannelSettings("other", "smtp", instances=("VI_2",), groups=("G1",)),
    ChannelSettings("groups", "smtp", groups=("VI_1",)),
)


@pytest.mark.parametrize(
    ("told", "channels"),
    [
        pytest.param(transition(state=State.MASTER), ("smtp_alert", "chat", "program"), id="MASTER"),
        pytest.param(
            transition(state=State.BACKUP, previous=State.INIT), ("smtp_alert", "chat", "program"), id="BACKUP"
        ),
        pytest.param(transition(state=State.FAULT), ("smtp_alert", "chat", "program"), id="FAULT"),
        pytest.param(transition(state=State.STOP), ("smtp_alert", "chat", "program"), id="STOP"),
        pytest.param(transition(state=State.DELETED), ("smtp_alert", "chat", "program"), id="DELETED"),
        pytest.param(transition(name="VI_2"), ("chat", "program", "other"), id="of another instance"),
        pytest.param(transition(kind=Kind.GROUP, name="G1"), ("chat", "program", "other"), id="of a group"),
        pytest.param(
            transition(kind=Kind.GROUP, name="VI_1"),
            ("chat", "program", "groups"),
            id="of a group named as an instance",
        ),
        pytest.param(transition(state=State.MASTER_RX_LOWER_PRI), ("program",), id="event: machines only"),
        pytest.param(transition(state=State.MASTER_PRIORITY), ("program",), id="priority: machines only"),
        pytest.param(transition(state=State.INIT), (), id="INIT is never told"),
        pytest.param(
            transition(state=State.MASTER, previous=State.MASTER),
            ("chat", "program"),
            id="no mail when the state is the one mailed last",
        ),
    ],
)
def test_channels_are_told_what_is_meant_for_them(told, channels) -> None:
    assert channels_for(told, CHANNELS) == channels

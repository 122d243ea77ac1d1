"""What the demo understands of the messages that arrive."""

import json
from datetime import UTC

import pytest

from hahub.channel import Notification
from hahub.demo.observations import Told
from hahub.demo.sinks import WEBHOOK_URL, read_message
from hahub.demo.steps import DINGTALK, MAIL, WEBHOOK
from hahub.model import Cause, Kind, Reason, State, Transition
from hahub.policy.rendering import render
from hahub.testing.sinks import Received, format_line
from hahub_plugins import webhook


def transition(state: State) -> Transition:
    reason = Reason(Cause.MASTER_DOWN_TIMER)
    return Transition(Kind.INSTANCE, "VI_1", state, State.INIT, 99, reason, "application", "b", 1, 1.7e9, 5.0)


def written(channel: str, about: Transition) -> str:
    """What a sink writes down when it gets the message about this transition."""
    title, text, markdown = render(about, late=0.0, maybe_repeat=False, zone=UTC)
    if channel == WEBHOOK:
        notification = Notification("id-1", about, title, text, markdown)
        text = webhook.body(notification, webhook.Settings(url=WEBHOOK_URL)).decode()
        title = "whatever the sink makes of it"
    return format_line(Received(7.5, "id-1", title, text))


@pytest.mark.parametrize("state", [State.BACKUP, State.MASTER, State.FAULT, State.STOP], ids=str)
@pytest.mark.parametrize("channel", [MAIL, DINGTALK, WEBHOOK])
def test_each_channel_s_message_says_whose_state_it_is(channel: str, state: State):
    line = written(channel, transition(state))

    assert read_message(channel, line) == Told(7.5, channel, "application", state.value)


def test_a_mail_about_something_else_is_no_observation():
    assert read_message(MAIL, json.dumps({"at_monotonic": 1.0, "title": "lunch", "body": ""})) is None

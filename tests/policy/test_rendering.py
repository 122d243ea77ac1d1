from datetime import UTC, timedelta, timezone

import pytest

from hahub.model import Cause, Kind, Reason, State
from hahub.policy.rendering import render
from tests.hub.support import transition

SHANGHAI = timezone(timedelta(hours=8))
TAKE_OVER = transition(
    state=State.MASTER,
    previous=State.BACKUP,
    reason=Reason(Cause.MASTER_DOWN_TIMER, "nothing heard from 10.9.0.2 for 3.6 s"),
    at=1795513486.123,
    addresses=("10.9.0.100/24", "10.9.0.101/32"),
)


def test_a_take_over_is_told_in_words() -> None:
    message = render(TAKE_OVER, late=0.2, maybe_repeat=False, zone=SHANGHAI)

    assert message.title == "[server] VRRP Instance VI_1 - Entering MASTER state"
    assert message.text == (
        "Instance VI_1 on server is now MASTER and holds its virtual addresses; it was BACKUP.\n"
        "\n"
        "Why:       master down timer: nothing heard from 10.9.0.2 for 3.6 s\n"
        "When:      2026-11-24 17:44:46.123 +08:00 (2026-11-24 09:44:46 UTC)\n"
        "Addresses: 10.9.0.100/24, 10.9.0.101/32\n"
        "Interface: eth0\n"
        "Priority:  100\n"
    )
    assert message.markdown == (
        "**Instance VI_1 on server is now MASTER and holds its virtual addresses; it was BACKUP.**\n"
        "\n"
        "- Why: master down timer: nothing heard from 10.9.0.2 for 3.6 s\n"
        "- When: 2026-11-24 17:44:46.123 +08:00 (2026-11-24 09:44:46 UTC)\n"
        "- Addresses: 10.9.0.100/24, 10.9.0.101/32\n"
        "- Interface: eth0\n"
        "- Priority: 100\n"
    )


@pytest.mark.parametrize(
    ("told", "title"),
    [
        pytest.param(transition(state=State.BACKUP), "VRRP Instance VI_1 - Entering BACKUP state", id="BACKUP"),
        pytest.param(transition(state=State.FAULT), "VRRP Instance VI_1 - Entering FAULT state", id="FAULT"),
        pytest.param(transition(state=State.STOP), "VRRP Instance VI_1 - Stopping", id="STOP"),
        pytest.param(transition(state=State.DELETED), "VRRP Instance VI_1 - Deleted", id="DELETED"),
        pytest.param(
            transition(kind=Kind.GROUP, name="G1", state=State.MASTER),
            "VRRP Group G1 - Entering MASTER state",
            id="a group",
        ),
        pytest.param(transition(state=State.STOP, kind=Kind.GROUP), "VRRP Group VI_1 - Stopping", id="group STOP"),
        pytest.param(
            transition(state=State.MASTER_RX_LOWER_PRI),
            "VRRP Instance VI_1 - Received an advertisement of lower priority as MASTER",
            id="an event",
        ),
    ],
)
def test_titles_are_keepalived_s_mail_subjects(told, title) -> None:
    assert render(told, late=0, maybe_repeat=False, zone=UTC).title == f"[server] {title}"


@pytest.mark.parametrize(
    ("told", "headline"),
    [
        pytest.param(
            transition(state=State.BACKUP, previous=State.INIT),
            "Instance VI_1 on server is now BACKUP and does not hold its virtual addresses; it has just started.",
            id="just started",
        ),
        pytest.param(
            transition(state=State.FAULT, previous=State.MASTER),
            "Instance VI_1 on server is now in FAULT and does not hold its virtual addresses; it was MASTER.",
            id="FAULT",
        ),
        pytest.param(
            transition(kind=Kind.GROUP, name="G1", state=State.MASTER, previous=State.BACKUP),
            "Group G1 on server is now MASTER and holds the virtual addresses of its members; it was BACKUP.",
            id="a group",
        ),
        pytest.param(
            transition(state=State.MASTER_RX_LOWER_PRI, previous=State.MASTER),
            "Instance VI_1 on server is MASTER and heard another master of lower priority.",
            id="an event leaves the state",
        ),
    ],
)
def test_the_first_line_says_it_all(told, headline) -> None:
    assert render(told, late=0, maybe_repeat=False, zone=UTC).text.splitlines()[0] == headline


@pytest.mark.parametrize(
    ("late", "maybe_repeat", "notes"),
    [
        pytest.param(60.0, False, [], id="in time"),
        pytest.param(61.0, False, ["Told 1 min late."], id="late"),
        pytest.param(14 * 60 + 59, False, ["Told 14 min late."], id="whole minutes"),
        pytest.param(2 * 3600 + 300, False, ["Told 2 h 5 min late."], id="hours"),
        pytest.param(0.0, True, ["Possibly told before."], id="a repetition, perhaps"),
        pytest.param(90.0, True, ["Told 1 min late.", "Possibly told before."], id="both"),
    ],
)
def test_what_is_late_or_perhaps_a_repetition_says_so_at_the_end(late, maybe_repeat, notes) -> None:
    plain = render(TAKE_OVER, late=0, maybe_repeat=False, zone=UTC)
    message = render(TAKE_OVER, late=late, maybe_repeat=maybe_repeat, zone=UTC)

    assert message.text.removeprefix(plain.text).split() == " ".join(notes).split()
    assert message.text.endswith("".join(f"{note}\n" for note in notes))
    assert message.markdown.removeprefix(plain.markdown).split("\n")[1:-1] == [f"*{note}*" for note in notes]


def test_names_cannot_break_the_title_or_the_markdown() -> None:
    told = transition(name="a\nb\x00*c*", node="[x](http://evil)", interface="_eth0_")

    message = render(told, late=0, maybe_repeat=False, zone=UTC)

    assert message.title == "[[x](http://evil)] VRRP Instance a b *c* - Entering MASTER state"
    assert r"Instance a b \*c\* on \[x\](http://evil) is now MASTER" in message.markdown
    assert r"- Interface: \_eth0\_" in message.markdown

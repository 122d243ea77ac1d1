"""Going on with what another process remembers of a virtual router."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from hahub.model import State
from hahub.settings import InstanceSettings
from hahub.testing import scenario
from hahub.vrrp import events
from hahub.vrrp.actions import Action
from hahub.vrrp.announcements import Announcements
from hahub.vrrp.instance import Instance
from hahub.vrrp.mastership import Mastership
from hahub.vrrp.masterwatch import MasterWatch
from hahub.vrrp.membership import Membership
from hahub.vrrp.memory import InstanceMemory, recall, remember
from hahub.vrrp.owners import OwnerConflict
from hahub.vrrp.rivals import AnswerLimit, RivalWatch
from hahub.vrrp.syncgroup import SyncGroup

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.scenario"))
SETTINGS = InstanceSettings("VI_1", "eth0", 51)
OUTSIDE = (
    events.InterfaceChanged
    | events.ScriptChanged
    | events.ProcessesChanged
    | events.FileChanged
    | events.TrackedInterfaceChanged
    | events.MaintenanceChanged
)
"""What every process hears for itself."""


class Relay:
    """An Instance that hands over to another one before each event."""

    def __init__(self, settings: InstanceSettings, **options: Any) -> None:
        self._options = options
        self._runner = Instance(settings, **options)
        self._heard: dict[object, events.Event] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runner, name)

    def handle(self, event: events.Event, now: float) -> list[Action]:
        actions = self._hand_over(now)
        if isinstance(event, OUTSIDE):
            self._heard[getattr(event, "tracker", type(event))] = event
        return actions + self._runner.handle(event, now)

    def reconfigure(self, settings: InstanceSettings, now: float) -> list[Action]:
        return self._hand_over(now) + self._runner.reconfigure(settings, now)

    def _hand_over(self, now: float) -> list[Action]:
        memory = msgspec.json.decode(msgspec.json.encode(remember(self._runner)), type=InstanceMemory)
        self._runner = Instance(self._runner.settings, **self._options)
        prepared = [action for event in self._heard.values() for action in self._runner.handle(event, now)]
        assert prepared == [], "nothing is done before the predecessor has let go"
        recall(self._runner, memory)
        return self._runner.handle(events.Recalled(), now)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_nobody_sees_that_another_process_goes_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = scenario.read(path)
    monkeypatch.setattr(scenario, "Instance", Relay)

    assert scenario.run(script) == script.expected


def test_what_has_happened_meanwhile_counts() -> None:
    first = Instance(SETTINGS)
    first.handle(events.InterfaceChanged(True, 1), 0.0)
    first.handle(events.Started(), 0.0)
    second = Instance(SETTINGS)
    second.handle(events.InterfaceChanged(False, 1), 0.0)

    recall(second, remember(first))
    actions = second.handle(events.Recalled(), 0.1)

    assert second.state is State.FAULT
    assert [str(action.reason) for action in actions] == ["interface down: eth0 is down"]


@pytest.mark.parametrize(
    ("thing", "remembered", "heard_anew"),
    [
        (
            Instance(SETTINGS),
            "state priority master _deaf_until _membership _mastership",
            "settings _startup_delay _facts _maintenance",
        ),
        (MasterWatch(SETTINGS), "interval address accepted source due _cause _detail _preempt_at", ""),
        (Membership(grouped=False), "grouped ready with_owners fault wants_master", ""),
        (
            Mastership(SETTINGS),
            "announcements owners _rivals _answers _guest_until _displaced _since _advertise_at _sent_at",
            "settings",
        ),
        (
            Announcements(),
            "_announce_at _recover_at _refresh_at _elsewhere_at _restore_at _restored_at _recovered_at _recheck_at"
            " _checked_at",
            "",
        ),
        (RivalWatch(), "_rival _gone_at", ""),
        (OwnerConflict(), "conceded _other _adverts_left _interval _listens_until", ""),
        (AnswerLimit(), "_since _answers", ""),
        (SyncGroup("G", {}), "state", "name _members"),
    ],
    ids=lambda thing: type(thing).__name__ if not isinstance(thing, str) else "",
)
def test_every_attribute_is_remembered_or_known_to_be_heard_anew(
    thing: object, remembered: str, heard_anew: str
) -> None:
    """Whoever adds one decides: into ``hahub/vrrp/memory.py``, or not worth it in a process that goes on."""
    assert set(vars(thing)) == set(remembered.split()) | set(heard_anew.split())

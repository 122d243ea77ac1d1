"""What an instance knows of the world beside adverts: its interface, its source address, the verdicts of trackers."""

from hahub.family import Family
from hahub.model import Cause, Reason
from hahub.settings import InstanceSettings, TrackedFile, TrackerKey, TrackerKind
from hahub.vrrp import events
from hahub.vrrp.priority import effective_priority, failed, unjudged

_CAUSES = {
    TrackerKind.SCRIPT: Cause.SCRIPT_FAILED,
    TrackerKind.INTERFACE: Cause.INTERFACE_DOWN,
    TrackerKind.PROCESS: Cause.PROCESS_FAILED,
    TrackerKind.FILE: Cause.FILE_FAILED,
}


class Facts:
    """Facts, and what follows from them for an instance with certain settings."""

    def __init__(self) -> None:
        self.interface_up = False
        self.interface_detail = ""
        self.source: int | None = None
        """The address that adverts come from, as an unsigned integer."""
        self._verdicts: dict[TrackerKey, int] = {}
        self._details: dict[TrackerKey, str] = {}

    def judge(self, event: events.TrackerChanged) -> None:
        """Take the verdict of a tracker."""
        self._verdicts[event.tracker], self._details[event.tracker] = event.value, event.detail

    def presume(self, settings: InstanceSettings) -> None:
        """What has not been heard is taken to be well, until it is."""
        for tracked in settings.tracked:
            well = 0 if isinstance(tracked, TrackedFile) else not tracked.reverse
            self._verdicts.setdefault(tracked.tracker, well)

    def forget_others(self, settings: InstanceSettings) -> None:
        """What these settings do not track is forgotten."""
        known = {tracked.tracker for tracked in settings.tracked}
        self._verdicts = {tracker: verdict for tracker, verdict in self._verdicts.items() if tracker in known}

    def priority(self, settings: InstanceSettings) -> int:
        """The effective priority."""
        return effective_priority(settings, self._verdicts)

    def are_complete(self, settings: InstanceSettings) -> bool:
        """Everything was heard that has to be heard before the start."""
        return not unjudged(settings.tracked, self._verdicts)

    def fault(self, settings: InstanceSettings) -> Reason | None:
        """Why the instance has to be in FAULT; None when it has not."""
        interface = settings.interface
        if settings.track_primary and not self.interface_up:
            return Reason(Cause.INTERFACE_DOWN, self.interface_detail or f"{interface} is down")
        if settings.wire.needs_peers and not settings.unicast_peers:
            return Reason(Cause.NO_PEERS, "unicast_fault_no_peer, and there is no unicast_peer")
        if self.source is None and settings.source:
            return Reason(Cause.NO_SOURCE_ADDRESS, f"{interface} has not the address {settings.source}")
        if self.source is None:
            kind = "IPv4" if settings.family is Family.IPV4 else "usable IPv6 link-local"
            return Reason(Cause.NO_SOURCE_ADDRESS, f"{interface} has no {kind} address")
        for tracked in failed(settings.tracked, self._verdicts):
            detail = self._details.get(tracked.tracker, "")
            return Reason(_CAUSES[tracked.tracker[0]], f"{tracked.name} {detail}" if detail else tracked.name)
        return None

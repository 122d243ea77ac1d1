"""What an instance knows of the world beside adverts: its interface, its source address, the verdicts on scripts."""

from collections.abc import Iterable

from hahub.model import Cause, Reason
from hahub.settings import InstanceSettings
from hahub.vrrp.priority import effective_priority, failed_scripts, unjudged_scripts


class Facts:
    """Facts, and what follows from them for an instance with certain settings."""

    def __init__(self) -> None:
        self.interface_up = False
        self.source: int | None = None
        """Primary IPv4 address of the interface as an unsigned integer."""
        self._verdicts: dict[str, bool] = {}
        self._details: dict[str, str] = {}

    def judge(self, script: str, succeeded: bool, detail: str) -> None:  # a verdict is a boolean
        """Take the verdict on a script."""
        self._verdicts[script], self._details[script] = succeeded, detail

    def presume(self, scripts: Iterable[str]) -> None:
        """Scripts that have not been heard are taken to be well, until they are."""
        for script in scripts:
            self._verdicts.setdefault(script, True)

    def forget_all_but(self, scripts: Iterable[str]) -> None:
        """Other scripts are no longer tracked."""
        known = set(scripts)
        self._verdicts = {name: verdict for name, verdict in self._verdicts.items() if name in known}

    def priority(self, settings: InstanceSettings) -> int:
        """The effective priority."""
        return effective_priority(settings, self._verdicts)

    def are_complete(self, settings: InstanceSettings) -> bool:
        """Every script that could mean FAULT was heard."""
        return not unjudged_scripts(settings.track_scripts, self._verdicts)

    def fault(self, settings: InstanceSettings) -> Reason | None:
        """Why the instance has to be in FAULT; None when it has not."""
        interface = settings.interface
        if settings.track_primary and not self.interface_up:
            return Reason(Cause.INTERFACE_DOWN, f"{interface} is down")
        if self.source is None:
            return Reason(Cause.NO_SOURCE_ADDRESS, f"{interface} has no IPv4 address")
        for name in failed_scripts(settings.track_scripts, self._verdicts):
            detail = self._details.get(name, "")
            return Reason(Cause.SCRIPT_FAILED, f"{name} {detail}" if detail else name)
        return None

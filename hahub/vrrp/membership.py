"""What a sync group has said to one of its members; an instance on its own need not ask anybody."""

from hahub.model import Reason


class Membership:
    """Who decides when this instance starts and when it may be master. Pure."""

    def __init__(self, *, grouped: bool) -> None:
        self.grouped = grouped
        """A sync group decides."""
        self.ready = not grouped
        """Every member has heard what it must have heard to start."""
        self.with_owners = not grouped
        """An owner need not wait: this instance alone, or every member of its group, is one."""
        self.fault: Reason | None = None
        """Another member is in FAULT."""
        self.wants_master = False
        """Its timer has run out, and it waits for the others."""

    def begin(self, *, owners: bool) -> None:
        """Every member is ready."""
        self.ready, self.with_owners = True, owners

    def join(self, *, running: bool) -> None:
        """From now on a group decides; who runs already has started."""
        self.grouped, self.ready = True, running

    def leave(self) -> None:
        """On its own again. What it wanted of the group is for the caller to settle."""
        self.grouped, self.ready, self.with_owners, self.fault = False, True, True, None

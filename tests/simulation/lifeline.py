"""What a process leaves to its next life."""

from dataclasses import dataclass


@dataclass(slots=True)
class Slot:
    """What the lifeline keeps of one virtual router (``hahub.core.lifeline``)."""

    holds: bool = False
    sent_at: float = 0.0
    sequence: int = 0
    """Of an authentication header, the highest one sent or heard."""

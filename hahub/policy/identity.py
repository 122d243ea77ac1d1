"""The name of a message, which stays the same on every attempt."""

from hashlib import sha256

from hahub.model import Transition


def message_key(transition: Transition, channel: str) -> str:
    """The idempotency key of what ``channel`` is told about ``transition``.

    Letters, digits and one hyphen: Standard Webhooks forbids the dot, headers forbid blanks.
    """
    source = "\0".join((transition.boot, str(transition.seq), channel))
    return f"hahub-{sha256(source.encode()).hexdigest()[:32]}"

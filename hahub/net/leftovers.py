"""Deletes the virtual interfaces that a dead core has left. Run by the guard as its last deed, and by hand at need.

The core deletes them itself in good order, so that there is mostly nothing to do.
"""

from hahub.net.sysctls import put_back, restore_all
from hahub.net.virtual_links import LinkCommands, delete, is_ours, read_alias


def remove() -> list[str]:
    """Delete them, and put back what they needed of other interfaces; their names. Raises OSError."""
    commands = LinkCommands()
    try:
        left = [link for link in commands.look_at_all() if is_ours(link.kind, link.alias)]
        for link in left:
            before = read_alias(link.alias) or {}
            commands.ask(delete(link.index))
            put_back(commands, link.lower, before)
            if "all_rp_filter" in before:
                restore_all(before["all_rp_filter"])
    finally:
        commands.close()
    return [link.name for link in left]


if __name__ == "__main__":
    for name in remove():
        print(f"{name}: deleted, left by a core that was killed")

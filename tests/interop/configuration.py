"""keepalived.conf texts of the interop tests.

One virtual router, VRID 51, 10.9.0.200, on eth0; or a sync group of it and of others: VI_2 with VRID 52 and 10.10.0.200
on eth1, VI_3 with VRID 53 and 10.9.0.203 on eth0.
"""

ADVERT_INT = 0.2
"""Seconds; short, so that the suite is."""


def configuration(
    priority: int,
    *,
    version: int = 3,
    advert_int: float = ADVERT_INT,
    auth_pass: str | None = None,
    track_weight: int | None = None,
    options: str = "",
) -> str:
    """Return the text for one host.

    track_weight: adds a check that fails while /run/lab/fail exists; 0 means FAULT.
    options: more lines of the instance.
    """
    return f"""{GLOBAL}
{"" if track_weight is None else _check(track_weight)}
vrrp_instance VI_1 {{
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority {priority}
    version {version}
    advert_int {advert_int:g}
    {options}
    {"" if auth_pass is None else _authentication(auth_pass)}
    {"" if track_weight is None else "track_script { check }"}
    virtual_ipaddress {{
        10.9.0.200/24
    }}
}}
"""


def group_configuration(
    priority: int,
    *,
    instances: tuple[int, ...] = (1, 2),
    members: tuple[int, ...] = (1, 2),
    track_weight: int | None = None,
) -> str:
    """Return the text for one host with several instances, some of them in the sync group G1.

    members: none of them, and there is no group.
    track_weight: adds a check that the group tracks, as in ``configuration``.
    """
    group = f"""
vrrp_sync_group G1 {{
    group {{
        {" ".join(f"VI_{number}" for number in members)}
    }}
    {"" if track_weight is None else "track_script { check }"}
    notify "/run/lab/notify.sh group"
    notify_master "/run/lab/notify.sh master"
}}
"""
    return "\n".join(
        [
            GLOBAL,
            "" if track_weight is None else _check(track_weight),
            group if members else "",
            *(_member(number, priority) for number in instances),
        ]
    )


GLOBAL = """global_defs {
    router_id lab
    script_user root
    vrrp_notify_fifo /run/lab/fifo
}"""
_MEMBERS = {1: ("eth0", "10.9.0.200"), 2: ("eth1", "10.10.0.200"), 3: ("eth0", "10.9.0.203")}


def _member(number: int, priority: int) -> str:
    interface, address = _MEMBERS[number]
    return f"""
vrrp_instance VI_{number} {{
    state BACKUP
    interface {interface}
    virtual_router_id {50 + number}
    priority {priority}
    version 3
    advert_int {ADVERT_INT:g}
    virtual_ipaddress {{
        {address}/24
    }}
}}
"""


def _check(weight: int) -> str:
    return f"""
vrrp_script check {{
    script "/usr/bin/test ! -e /run/lab/fail"
    interval 1
    fall 1
    rise 1
    weight {weight}
}}
"""


def _authentication(auth_pass: str) -> str:
    return f"""authentication {{
        auth_type PASS
        auth_pass {auth_pass}
    }}"""

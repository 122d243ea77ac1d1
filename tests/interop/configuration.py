"""keepalived.conf texts of the interop tests: one virtual router, VRID 51, 10.9.0.200, on eth0."""

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
    return f"""global_defs {{
    router_id lab
    script_user root
    vrrp_notify_fifo /run/lab/fifo
}}
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

"""The virtual routers of a measurement, and the keepalived.conf that both daemons get."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

PRIORITY = 128
"""Of the daemon under test: the skew is exactly half an interval, whatever the rounding."""
RIVAL_PRIORITY = 200
REALTIME_PRIORITY = 50
RUNAWAY_US = 1_000_000
"""Of uninterrupted real time. keepalived's own 10,000 has it killed, again and again, while 250 routers take over."""
FIFO_NAME = "bench.fifo"

_FIRST_ADDRESS = int(ipaddress.IPv4Address("10.9.64.1"))


@dataclass(frozen=True, slots=True)
class VirtualRouter:
    """One virtual router, with the times that the protocol gives it."""

    number: int
    """virtual_router_id"""
    version: int
    advert_int: float
    addresses: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"VI_{self.number}"

    @property
    def skew_time(self) -> float:
        """Seconds (256 - 128) / 256 of a second in version 2, of an interval in version 3."""
        return 0.5 if self.version == 2 else self.advert_int / 2

    @property
    def master_down_interval(self) -> float:
        return 3 * self.advert_int + self.skew_time


def virtual_routers(
    count: int, *, version: int = 3, advert_int: float = 0.1, addresses: int = 1
) -> tuple[VirtualRouter, ...]:
    """Virtual routers 1, 2, ... with so many addresses each, no two the same."""
    return tuple(
        VirtualRouter(
            number=number,
            version=version,
            advert_int=advert_int,
            addresses=tuple(
                str(ipaddress.IPv4Address(_FIRST_ADDRESS + (number - 1) * addresses + i)) for i in range(addresses)
            ),
        )
        for number in range(1, count + 1)
    )


def configuration(routers: Sequence[VirtualRouter], *, priority: int = PRIORITY) -> str:
    """Return the keepalived.conf: real time, a notify FIFO, nothing else but the routers."""
    head = f"""global_defs {{
    router_id bench
    vrrp_rt_priority {REALTIME_PRIORITY}
    vrrp_rlimit_rttime {RUNAWAY_US}
    vrrp_notify_fifo /run/lab/{FIFO_NAME}
}}
"""
    return head + "".join(_instance(router, priority) for router in routers)


def _instance(router: VirtualRouter, priority: int) -> str:
    addresses = "\n        ".join(f"{address}/32" for address in router.addresses)
    return f"""
vrrp_instance {router.name} {{
    state BACKUP
    interface eth0
    virtual_router_id {router.number}
    priority {priority}
    version {router.version}
    advert_int {router.advert_int:g}
    virtual_ipaddress {{
        {addresses}
    }}
}}
"""

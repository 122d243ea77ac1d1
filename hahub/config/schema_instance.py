"""The part of the schema about instances and sync groups."""

from typing import Annotated

from pydantic import Field

from hahub.config.grammar import Block
from hahub.config.route_lines import RouteLine
from hahub.config.rule_lines import RuleLine
from hahub.config.schema_lines import (
    GarpExtraIf,
    OptionalScript,
    Script,
    TimerExpired,
    TrackScript,
    UnicastPeerLine,
    UseIpvlan,
    UseVmac,
    VirtualIp,
)
from hahub.config.schema_trackers import TrackFile, TrackInterface, TrackProcess
from hahub.config.schema_wire import WireOptions
from hahub.config.values import (
    AdvertCount,
    AuthType,
    Delay,
    Flag,
    InterfaceName,
    Name,
    OptionalRepeat,
    Priority,
    Repeat,
    Secret,
    StateWord,
    Version,
    seconds,
    whole,
)


class Authentication(Block):
    """VRRP version 2 only."""

    auth_type: AuthType = Field(description="PASS: a password in clear; AH: an authentication header, IPv4")
    auth_pass: Secret = Field(description="1 to 8 bytes; more are cut")


class VrrpInstance(WireOptions):
    """One virtual router."""

    state: StateWord = Field("BACKUP", description="MASTER or BACKUP; default BACKUP")
    interface: InterfaceName = Field(description="where adverts are sent and heard")
    virtual_router_id: Annotated[int, whole(1, 255)] = Field(description="1 to 255, one per interface")
    priority: Priority | None = Field(None, description="1 to 255; default 100, and 255 with state MASTER")
    advert_int: Annotated[float, seconds(0.01, 255)] = Field(
        1.0, description="seconds between adverts; version 2: whole, version 3: 0.01 to 40.95; default 1"
    )
    version: Version | None = Field(None, description="2 or 3; default vrrp_version")
    nopreempt: Flag = Field(False, description="a better backup does not take over from a living master")
    nopreempt_window: Delay = Field(
        30.0, description="seconds in which a new master leaves its place to a weaker one that it hears; default 30"
    )
    preempt: Flag = Field(False, description="the default, in a word")
    preempt_delay: Annotated[float, seconds(0, 1000)] = Field(0.0, description="seconds; default 0")
    down_timer_adverts: AdvertCount | None = Field(None, description="1 to 100; default vrrp_down_timer_adverts")
    authentication: Authentication | None = Field(None, description="version 2 only; default none")
    unicast_peer: tuple[UnicastPeerLine, ...] = Field((), description="who gets the adverts; default: multicast")
    use_vmac: UseVmac | None = Field(None, description="a private macvlan with the virtual MAC; default: none")
    use_vmac_addr: Flag = Field(
        False, description="one as well for addresses on other interfaces, or of IPv6 beside IPv4"
    )
    vmac_xmit_base: Flag = Field(False, description="adverts leave by the interface below; with peers they always do")
    use_ipvlan: UseIpvlan | None = Field(None, description="an ipvlan that adverts leave by; default: none")
    virtual_ipaddress: tuple[VirtualIp, ...] = Field((), description="addresses of the master")
    virtual_ipaddress_excluded: tuple[VirtualIp, ...] = Field((), description="more of them, not named in adverts")
    virtual_routes: tuple[RouteLine, ...] = Field((), description="routes of the master")
    virtual_rules: tuple[RuleLine, ...] = Field((), description="policy routing rules of the master")
    promote_secondaries: Flag = Field(False, description="an address that goes takes no other of its subnet with it")
    no_virtual_ipaddress: Flag = Field(False, description="there are none, on purpose")
    track_script: tuple[TrackScript, ...] = Field((), description="scripts that the state depends on")
    track_interface: tuple[TrackInterface, ...] = Field((), description="other interfaces that it depends on")
    track_process: tuple[TrackProcess, ...] = Field((), description="processes that it depends on")
    track_file: tuple[TrackFile, ...] = Field((), description="files whose numbers it depends on")
    dont_track_primary: Flag = Field(False, description="an interface that is down is no FAULT")
    garp_master_delay: Delay | None = Field(None, description="seconds; default vrrp_garp_master_delay")
    garp_master_repeat: Repeat | None = Field(None, description="default vrrp_garp_master_repeat")
    garp_master_refresh: Delay | None = Field(None, description="seconds; default vrrp_garp_master_refresh")
    garp_master_refresh_repeat: Repeat | None = Field(None, description="default: the global one")
    notify_master: Script | None = Field(None, description="run on becoming MASTER")
    notify_backup: Script | None = Field(None, description="run on becoming BACKUP")
    notify_fault: Script | None = Field(None, description="run on entering FAULT")
    notify_stop: Script | None = Field(None, description="run on stopping")
    notify_deleted: OptionalScript | None = Field(None, description="say DELETED instead of FAULT on removal")
    notify_master_rx_lower_pri: Script | None = Field(None, description="run when a master hears a weaker one")
    notify: Script | None = Field(None, description="run for each, with kind, name, state and priority")
    notify_priority_changes: Flag | None = Field(None, description="default vrrp_notify_priority_changes")
    smtp_alert: Flag | None = Field(None, description="mail each transition; default the global smtp_alert")
    garp_lower_prio_delay: Delay | None = Field(None, description="seconds; default vrrp_garp_lower_prio_delay")
    garp_lower_prio_repeat: OptionalRepeat | None = Field(None, description="default vrrp_garp_lower_prio_repeat")
    garp_extra_if: GarpExtraIf | None = Field(None, description="default vrrp_garp_extra_if")
    vmac_garp_intvl: GarpExtraIf | None = Field(None, description="deprecated, as garp_extra_if")
    owner_ignore_adverts: Flag | None = Field(None, description="priority 255 only; default vrrp_owner_ignore_adverts")
    timer_expired_backup: TimerExpired | None = Field(
        None,
        description="nopreempt only: by whose priority others take over from a host that stood still; default: own",
    )
    thread_timer_expired: TimerExpired | None = Field(None, description="deprecated, as timer_expired_backup")
    higher_prio_send_advert: Flag | None = Field(None, description="default vrrp_higher_prio_send_advert")
    lower_prio_no_advert: Flag | None = Field(None, description="default vrrp_lower_prio_no_advert")
    skip_check_adv_addr: Flag | None = Field(None, description="default vrrp_skip_check_adv_addr")
    strict_mode: Flag | None = Field(None, description="as the RFCs have it; default vrrp_strict")
    accept: Flag | None = Field(None, description="packets to the addresses are accepted; default yes, strict_mode: no")
    no_accept: Flag = Field(False, description="they are dropped by nftables, unless it is the owner of the addresses")
    debug: Annotated[int, whole(0, 4)] = Field(0, description="accepted, without effect, as in keepalived")


class TrackGroup(Block):
    """Instances that need the interfaces of static addresses, routes and rules."""

    group: tuple[Name, ...] = Field((), description="names of the instances")


class VrrpSyncGroup(Block):
    """Instances that are master together or not at all."""

    group: tuple[Name, ...] = Field((), description="names of the instances, one or more per line")
    track_script: tuple[TrackScript, ...] = Field((), description="scripts that every member depends on")
    track_interface: tuple[TrackInterface, ...] = Field((), description="interfaces that every member depends on")
    track_process: tuple[TrackProcess, ...] = Field((), description="processes that every member depends on")
    track_file: tuple[TrackFile, ...] = Field((), description="files that every member depends on")
    notify_master: Script | None = Field(None, description="run when all have become MASTER")
    notify_backup: Script | None = Field(None, description="run when all have become BACKUP")
    notify_fault: Script | None = Field(None, description="run when all have entered FAULT")
    notify_stop: Script | None = Field(None, description="run on stopping")
    notify: Script | None = Field(None, description="run for each, with GROUP, name, state and 0")
    smtp_alert: Flag | None = Field(None, description="mail each transition; default the global smtp_alert")
    notify_priority_changes: Flag | None = Field(None, description="for members that do not say it themselves")
    sync_group_tracking_weight: Flag = Field(False, description="members may have weighted checks of their own")
    global_tracking: Flag = Field(False, description="deprecated, as sync_group_tracking_weight")

"""The part of the schema about ``global_defs``."""

from typing import Annotated

from pydantic import Field

from hahub.config.grammar import Block
from hahub.config.schema_lines import DynamicInterfaces, Fifo, GarpExtraIf, Nftables, Script, SmtpServer, User
from hahub.config.schema_wire import WireDefs
from hahub.config.values import (
    AdvertCount,
    Delay,
    Flag,
    InterfaceName,
    OptionalRepeat,
    Period,
    Repeat,
    Text,
    Version,
    whole,
)


class GarpGroup(Block):
    """Interfaces whose announcements keep a distance of their own."""

    garp_interval: Delay | None = Field(None, description="seconds between two gratuitous ARP; default 0: none")
    gna_interval: Delay | None = Field(None, description="seconds between two neighbour advertisements; default 0")
    interface: InterfaceName | None = Field(None, description="the interface")
    interfaces: tuple[InterfaceName, ...] = Field((), description="more of them, which count as one")


class GlobalDefs(WireDefs):
    """What holds for all instances."""

    router_id: Text | None = Field(None, description="name of this node in messages; default: the host name")
    notification_email: tuple[Text, ...] = Field((), description="recipients of mail")
    notification_email_from: Text | None = Field(None, description="sender; default root@ the host name")
    smtp_server: SmtpServer | None = Field(None, description="mail server; without it no mail")
    smtp_helo_name: Text | None = Field(None, description="name in HELO; default: the host name")
    smtp_connect_timeout: Period = Field(30.0, description="seconds for each step of sending mail; default 30")
    smtp_alert: Flag | None = Field(None, description="mail for all instances; default no")
    smtp_alert_vrrp: Flag | None = Field(None, description="as smtp_alert, and stronger")
    script_user: User | None = Field(None, description="user of scripts; default: the user hahub runs as")
    enable_script_security: Flag = Field(False, description="accepted; not checked yet")
    notify_fifo: Fifo | None = Field(None, description="FIFO that gets a line per transition")
    notify_fifo_script: Script | None = Field(None, description="reads notify_fifo, named in its last argument")
    vrrp_notify_fifo: Fifo | None = Field(None, description="second FIFO, written after notify_fifo")
    vrrp_notify_fifo_script: Script | None = Field(None, description="reads vrrp_notify_fifo")
    dynamic_interfaces: DynamicInterfaces | None = Field(
        None, description="accepted: interfaces may always come, go and be made anew"
    )
    fifo_write_vrrp_states_on_reload: Flag = Field(False, description="write all states at a reload; default no")
    vrrp_notify_priority_changes: Flag = Field(False, description="report changed priorities; default no")
    vrrp_version: Version = Field(2, description="2 or 3; default 2")
    vrrp_garp_master_delay: Delay = Field(5.0, description="seconds to the second burst; default 5")
    vrrp_garp_master_repeat: Repeat = Field(5, description="gratuitous ARP per burst and address; default 5")
    vrrp_garp_master_refresh: Delay = Field(0.0, description="seconds between refreshing bursts; default 0: none")
    vrrp_garp_master_refresh_repeat: Repeat = Field(1, description="gratuitous ARP per refresh; default 1")
    vrrp_garp_lower_prio_delay: Delay | None = Field(
        None, description="seconds to the second burst that answers a weaker master; default vrrp_garp_master_delay"
    )
    vrrp_garp_lower_prio_repeat: OptionalRepeat | None = Field(
        None, description="gratuitous ARP of each of these bursts, 0: none; default vrrp_garp_master_repeat"
    )
    vrrp_garp_interval: Delay = Field(0.0, description="seconds between two gratuitous ARP on a wire; default 0: none")
    vrrp_gna_interval: Delay = Field(0.0, description="seconds between two neighbour advertisements; default 0: none")
    vrrp_garp_extra_if: GarpExtraIf | None = Field(
        None, description="announcements on interfaces of addresses other than the instance's; default none"
    )
    vrrp_vmac_garp_intvl: GarpExtraIf | None = Field(None, description="deprecated, as vrrp_garp_extra_if")
    vrrp_min_garp: Flag = Field(False, description="one gratuitous ARP and no second burst; default no")
    vrrp_skip_check_adv_addr: Flag = Field(False, description="trust the address list of the known master")
    vrrp_check_unicast_src: Flag = Field(False, description="accept adverts from the unicast_peer only; default no")
    vrrp_lower_prio_no_advert: Flag = Field(False, description="do not answer adverts of lower priority")
    vrrp_owner_ignore_adverts: Flag = Field(False, description="with priority 255 no advert counts; default no")
    vrrp_higher_prio_send_advert: Flag = Field(False, description="one more advert on yielding to a stronger master")
    vrrp_down_timer_adverts: AdvertCount = Field(3, description="adverts that a master may miss, 1 to 100; default 3")
    nftables: Nftables | None = Field(None, description="how no_accept is done, and the name of the table")
    nftables_priority: Annotated[int, whole(-(2**31), 2**31 - 1)] = Field(
        -1, description="priority of its chains; default -1, just before filter"
    )
    nftables_counters: Flag = Field(False, description="count what is dropped; default no")
    vrrp_strict: Flag = Field(False, description="instances are as the RFCs have them; default no")
    default_interface: InterfaceName | None = Field(None, description="of static addresses that name none")
    iproute_etc_dir: Text | None = Field(None, description="files with names of routing tables; default /etc/iproute2")
    iproute_usr_dir: Text | None = Field(None, description="more of them; default /usr/share/iproute2")
    vmac_prefix: InterfaceName = Field("vrrp", description="names of virtual MACs begin with it; default vrrp")
    vmac_addr_prefix: InterfaceName | None = Field(None, description="those of use_vmac_addr; default vmac_prefix")
    vrrp_startup_delay: Delay = Field(0.0, description="seconds before the first election; default 0")
    vrrp_delay_after_boot: Delay = Field(0.0, description="the same, counted from the start of the machine; default 0")
    vrrp_rt_priority: Annotated[int, whole(0, 99)] = Field(
        50, description="SCHED_FIFO priority of the core, 0: none; default 50"
    )

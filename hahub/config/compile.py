"""Config -> Settings: defaults filled in, one part per process. Pure; takes a configuration without errors."""

from collections.abc import Iterator
from typing import TypeVar

from hahub.config import announcements, derive, election
from hahub.config.auth_hmac import hmac_of
from hahub.config.belongings import addresses, statics, with_carriers
from hahub.config.firewall import firewall
from hahub.config.groups import group_of, sync_groups, tracked, used_names
from hahub.config.link_delays import link_delays
from hahub.config.route_settings import routes, rules
from hahub.config.rule_lines import RuleLine
from hahub.config.schema import (
    Config,
    Fifo,
    GlobalDefs,
    OptionalScript,
    Script,
    User,
    VrrpInstance,
    VrrpScript,
    VrrpSyncGroup,
)
from hahub.config.track_groups import needed_interfaces
from hahub.config.tracking import watched_file, watched_process
from hahub.config.virtual import Virtual, ipvlan_addresses, uses_xmit_base, virtual_interfaces
from hahub.config.wire import wire_of
from hahub.config.words import split_command
from hahub.model import Kind
from hahub.settings import (
    ChannelSettings,
    CheckScript,
    Command,
    CoreSettings,
    FifoSettings,
    HubSettings,
    InstanceSettings,
    NotifyScripts,
    ParentSettings,
    Settings,
    TrackedFile,
    TrackedInterface,
    TrackedProcess,
    TrackedScript,
    UnicastPeer,
    VirtualAddress,
    WatchedFile,
    WatchedProcess,
)

_T = TypeVar("_T")


def compile_settings(config: Config, channels: tuple[ChannelSettings, ...], host_name: str) -> Settings:
    """Make the settings of all processes.

    channels: those that the hub delivers to, checked by their plugins.
    host_name: the node's name when there is no router_id.
    """
    defs = config.global_defs
    node = defs.router_id or host_name
    instances = tuple(_instance(name, each, config) for name, each in virtual_interfaces(config).items())
    return Settings(
        core=CoreSettings(
            node=node,
            instances=instances,
            groups=sync_groups(config),
            statics=statics(config, ipvlan_addresses(config)),
            pacing=announcements.pacing(config),
            link_delays=link_delays(config),
            startup_delay=defs.vrrp_startup_delay,
            delay_after_boot=defs.vrrp_delay_after_boot,
            log_unknown_vrids=defs.log_unknown_vrids,
            realtime_priority=defs.vrrp_rt_priority,
            states_on_reload=defs.fifo_write_vrrp_states_on_reload,
        ),
        parent=ParentSettings(
            check_scripts=_check_scripts(config),
            watched_files=_watched_files(config),
            watched_processes=_watched_processes(config),
            notify_scripts=(
                *(_notify(name, each, defs) for name, each in config.vrrp_instance.items()),
                *(_notify_group(name, each, defs) for name, each in config.vrrp_sync_group.items()),
            ),
            fifos=_fifos(defs),
            firewall=firewall(instances, defs),
            script_timeout=config.hub.script_timeout,
            hub_user=config.hub.user or "",
            stop_grace=config.hub.stop_grace,
        ),
        hub=HubSettings(node=node, channels=channels, stop_grace=config.hub.stop_grace),
    )


def _instance(name: str, virtual: Virtual, config: Config) -> InstanceSettings:
    instance, defs = virtual.instance, config.global_defs
    has_other_vmacs = bool(virtual.of_addresses) or uses_xmit_base(instance)
    return InstanceSettings(
        name=name,
        interface=instance.interface,
        virtual_router_id=instance.virtual_router_id,
        priority=derive.priority_of(instance),
        version=derive.version_of(instance, defs),
        advert_int=derive.advert_int_of(instance, defs),
        preempt=derive.preempts(instance, defs),
        preempt_delay=derive.preempt_delay_of(instance, defs),
        nopreempt_window=instance.nopreempt_window,
        down_timer_adverts=election.down_timer_adverts_of(instance, defs),
        auth_pass=derive.auth_pass_of(instance, defs),
        auth_ah=derive.uses_ah(instance, defs),
        auth_hmac=hmac_of(instance, defs),
        virtual_addresses=addresses(instance.virtual_ipaddress, virtual.address_interface),
        source=derive.source_of(instance),
        unicast_peers=tuple(
            {p.address: UnicastPeer(p.address, p.min_ttl, p.max_ttl) for p in instance.unicast_peer}.values()
        ),
        check_unicast_src=_first(instance.check_unicast_src, defs.vrrp_check_unicast_src),
        wire=wire_of(instance, defs),
        excluded_addresses=_excluded(instance, virtual.address_interface),
        routes=routes(instance.virtual_routes),
        rules=rules(instance.virtual_rules, _rules_before(name, config)),
        promote_secondaries=instance.promote_secondaries,
        virtual_interface=virtual.own,
        address_interfaces=virtual.of_addresses,
        vmac_xmit_base=uses_xmit_base(instance),
        track_scripts=tracked(name, config, TrackedScript),
        track_interfaces=with_carriers(
            instance, tracked(name, config, TrackedInterface), needed_interfaces(name, config)
        ),
        track_processes=tracked(name, config, TrackedProcess),
        track_files=tracked(name, config, TrackedFile),
        track_primary=not instance.dont_track_primary,
        garp_master_delay=_first(instance.garp_master_delay, election.master_delay_of(defs)),
        garp_master_repeat=_first(instance.garp_master_repeat, election.master_repeat_of(defs)),
        garp_master_refresh=_first(instance.garp_master_refresh, defs.vrrp_garp_master_refresh),
        garp_master_refresh_repeat=_first(instance.garp_master_refresh_repeat, defs.vrrp_garp_master_refresh_repeat),
        accept=derive.accepts(instance),
        garp_extra_if=announcements.extra_interval_of(instance, defs, has_vmacs=has_other_vmacs),
        garp_extra_all=announcements.extra_all_of(instance, defs),
        garp_lower_prio_delay=election.lower_prio_delay_of(instance, defs),
        garp_lower_prio_repeat=election.lower_prio_repeat_of(instance, defs),
        lower_prio_no_advert=election.is_silent_to_weaker(instance, defs),
        owner_ignore_adverts=election.ignores_adverts(instance, defs),
        timer_expired_backup=election.timer_expired_backup_of(instance, defs),
        higher_prio_send_advert=election.sends_advert_to_stronger(instance, defs),
        skip_check_adv_addr=_first(instance.skip_check_adv_addr, defs.vrrp_skip_check_adv_addr),
        notify_priority_changes=_tells_priority(name, config),
        notify_deleted=instance.notify_deleted is not None,
        smtp_alert=derive.sends_mail(instance, defs),
    )


def _first(own: _T | None, default: _T) -> _T:
    return default if own is None else own


def _rules_before(name: str, config: Config) -> Iterator[RuleLine]:
    """The static ones, and those of the instances before this one."""
    yield from config.static_rules
    for other, instance in config.vrrp_instance.items():
        if other == name:
            return
        yield from instance.virtual_rules


def _excluded(instance: VrrpInstance, interface: str) -> tuple[VirtualAddress, ...]:
    """Those that are not among the others already."""
    advertised = {line.address.partition("/")[0] for line in instance.virtual_ipaddress}
    found = addresses(instance.virtual_ipaddress_excluded, interface)
    return tuple(each for each in found if each.address not in advertised)


def _tells_priority(name: str, config: Config) -> bool:
    """The word of the instance, else that of its group, else the default."""
    group = group_of(name, config)
    default = config.global_defs.vrrp_notify_priority_changes
    if group is not None:
        default = _first(group[1].notify_priority_changes, default)
    return _first(config.vrrp_instance[name].notify_priority_changes, default)


def _check_scripts(config: Config) -> tuple[CheckScript, ...]:
    """The scripts that somebody tracks."""
    used = used_names(config, TrackedScript)
    return tuple(
        _check_script(name, script, config.global_defs) for name, script in config.vrrp_script.items() if name in used
    )


def _watched_files(config: Config) -> tuple[WatchedFile, ...]:
    used = used_names(config, TrackedFile)
    return tuple(watched_file(name, file) for name, file in config.track_file.items() if name in used)


def _watched_processes(config: Config) -> tuple[WatchedProcess, ...]:
    used = used_names(config, TrackedProcess)
    return tuple(watched_process(name, each) for name, each in config.vrrp_track_process.items() if name in used)


def _check_script(name: str, script: VrrpScript, defs: GlobalDefs) -> CheckScript:
    user, group = _owner(script.user, defs)
    return CheckScript(
        name=name,
        command=Command(split_command(script.script), user, group),
        interval=script.interval,
        timeout=script.timeout,
        rise=script.rise,
        fall=script.fall,
        init_fail=script.init_fail,
    )


def _notify(name: str, instance: VrrpInstance, defs: GlobalDefs) -> NotifyScripts:
    return NotifyScripts(
        instance=name,
        master=_command(instance.notify_master, defs),
        backup=_command(instance.notify_backup, defs),
        fault=_command(instance.notify_fault, defs),
        stop=_command(instance.notify_stop, defs),
        deleted=_command(instance.notify_deleted, defs),
        master_rx_lower_pri=_command(instance.notify_master_rx_lower_pri, defs),
        any=_command(instance.notify, defs),
    )


def _notify_group(name: str, group: VrrpSyncGroup, defs: GlobalDefs) -> NotifyScripts:
    return NotifyScripts(
        instance=name,
        master=_command(group.notify_master, defs),
        backup=_command(group.notify_backup, defs),
        fault=_command(group.notify_fault, defs),
        stop=_command(group.notify_stop, defs),
        any=_command(group.notify, defs),
        kind=Kind.GROUP,
    )


def _command(script: Script | OptionalScript | None, defs: GlobalDefs) -> Command | None:
    if script is None or script.command is None:
        return None
    return Command(split_command(script.command), *_owner(script, defs))


def _owner(line: Script | OptionalScript | Fifo | User | None, defs: GlobalDefs) -> tuple[str, str]:
    """The user and group that a line names, else script_user's; empty for the user hahub runs as."""
    named = line if line is not None and line.user is not None else defs.script_user
    if named is None or named.user is None:
        return "", ""
    return named.user.removeprefix(":"), (named.group or "").removeprefix(":")


def _fifos(defs: GlobalDefs) -> tuple[FifoSettings, ...]:
    """The FIFOs in the order of writing; the same path counts once."""
    pairs = (
        ("notify_fifo", defs.notify_fifo, defs.notify_fifo_script),
        ("vrrp_notify_fifo", defs.vrrp_notify_fifo, defs.vrrp_notify_fifo_script),
    )
    fifos: dict[str, FifoSettings] = {}
    for keyword, fifo, script in pairs:
        if fifo is not None:
            settings = FifoSettings(keyword, fifo.path, *_owner(fifo, defs), _command(script, defs))
            fifos.setdefault(fifo.path, settings)
    return tuple(fifos.values())

"""keepalived's keywords that the schema does not have, and what is said about each.

Three kinds: what changes how VRRP behaves is an error while hahub cannot do it; what changes little is a warning;
what has no influence on VRRP and notifications is a note. Source: keepalived's keyword tables,
vrrp/vrrp_parser.c, core/global_parser.c, check/check_parser.c.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache

from hahub.config.problems import Severity, shown
from hahub.config.schema import (
    Authentication,
    ChannelBlock,
    Config,
    GarpGroup,
    GlobalDefs,
    Hub,
    TrackGroup,
    VrrpInstance,
    VrrpScript,
    VrrpSyncGroup,
)
from hahub.config.schema_trackers import FileDefinition, ProcessDefinition
from hahub.config.schema_wire import AuthHmac

ROOT = "the file"
"""Name of the outermost block in messages."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """The keywords of one block that keepalived has and the schema has not."""

    unsupported: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    missing: Mapping[str, str] = field(default_factory=dict)
    """Keyword -> what hahub does not have."""
    unneeded: Mapping[str, str] = field(default_factory=dict)
    """Keyword -> why nothing is lost without it."""
    instead: Mapping[str, str] = field(default_factory=dict)
    """Keyword -> how it is done without it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be said about a keyword."""

    severity: Severity
    message: str
    hint: str = ""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KNOWN: dict[str, frozenset[str]] = {
    ROOT: frozenset(Config.model_fields),
    "global_defs": frozenset(GlobalDefs.model_fields),
    "garp_group": frozenset(GarpGroup.model_fields),
    "vrrp_script": frozenset(VrrpScript.model_fields),
    "vrrp_track_process": frozenset(ProcessDefinition.model_fields),
    "track_file": frozenset(FileDefinition.model_fields),
    "track_group": frozenset(TrackGroup.model_fields),
    "vrrp_instance": frozenset(VrrpInstance.model_fields),
    "vrrp_sync_group": frozenset(VrrpSyncGroup.model_fields),
    "authentication": frozenset(Authentication.model_fields),
    "auth_hmac": frozenset(AuthHmac.model_fields),
    "hub": frozenset(Hub.model_fields),
    "channels": frozenset(ChannelBlock.model_fields),
}

_NO_BFD = "hahub does not speak BFD"
_INSTEAD_OF_BFD = "a vrrp_script or a track_file can tell what a BFD daemon says"

_LINKS_ARE_TOLD = "the kernel tells when a link goes down"
_HINTS = {
    "net_namespace": "start hahub there: ip netns exec NAME hahub run",
    "startup_script": "systemd runs it as ExecStartPre",
    "shutdown_script": "systemd runs it as ExecStopPost",
}
"""How it is done until then."""

FOREIGN: dict[str, Foreign] = {
    ROOT: Foreign(
        unsupported=_words("net_namespace include includer includem includew includeb includea"),
        unneeded=dict.fromkeys(("linkbeat_interfaces", "linkbeat_use_polling"), _LINKS_ARE_TOLD),
        instead={"bfd_instance": _NO_BFD},
        ignored=_words(
            "virtual_server virtual_server_group SSL instance use_pid_dir child_wait_time"
            " net_namespace_ipvs namespace_with_ipsets"
        ),
    ),
    "global_defs": Foreign(
        unsupported=_words("startup_script shutdown_script"),
        unneeded={
            "max_auto_priority": "the core runs in real time from its start",
            "min_auto_priority_delay": "the core runs in real time from its start",
            "reload_check_config": "files with errors are never taken at a reload",
        },
        instead={
            "no_email_faults": "there is mail for FAULT as well",
            "set_supplementary_groups": "scripts have the group of their user, and no other one",
            "umask": "scripts have 022, and a notify FIFO is for its owner alone",
            "vrrp_iptables": "no_accept is done by nftables",
            "vrrp_ipsets": "no_accept is done by nftables, with sets of its own",
            "vrrp_rx_bufs_policy": "sockets have room for 256 KiB, kernel_rx_buf_size for more",
            "vrrp_rx_bufs_multiplier": "sockets have room for 256 KiB, kernel_rx_buf_size for more",
            "nftables_ifindex": "rules name interfaces, and hold for one that is made anew",
        },
        ignored=_words(
            "process_names process_name vrrp_process_name random_seed data_use_instance use_symlink_paths"
            " startup_script_timeout shutdown_script_timeout"
            " disable_local_igmp"
            " vrrp_priority vrrp_rlimit_rttime vrrp_rlimit_rtime vrrp_cpu_affinity vrrp_no_swap"
            " vrrp_netlink_cmd_rcv_bufs vrrp_netlink_cmd_rcv_bufs_force"
            " vrrp_netlink_monitor_rcv_bufs vrrp_netlink_monitor_rcv_bufs_force"
            " process_monitor_rcv_bufs process_monitor_rcv_bufs_force"
            " enable_snmp_vrrp enable_snmp_keepalived enable_snmp_rfc enable_snmp_rfcv2 enable_snmp_rfcv3"
            " enable_snmp_checker enable_traps snmp_socket enable_dbus dbus_service_name dbus_no_interface_name"
            " json_version state_dump_file stats_dump_file json_dump_file"
            " reload_time_file reload_repeat reload_file include_check config_save_dir"
            " tmp_config_directory"
            " lvs_notify_fifo lvs_notify_fifo_script lvs_sync_daemon lvs_flush lvs_flush_onstop lvs_timeouts"
            " lvs_id smtp_alert_checker checker_log_all_failures checker_priority checker_rt_priority"
            " checker_rlimit_rttime checker_cpu_affinity checker_no_swap bfd_priority bfd_rt_priority"
            " bfd_rlimit_rttime bfd_cpu_affinity bfd_no_swap"
            " lvs_netlink_cmd_rcv_bufs lvs_netlink_cmd_rcv_bufs_force"
            " lvs_netlink_monitor_rcv_bufs lvs_netlink_monitor_rcv_bufs_force"
        ),
    ),
    "vrrp_script": Foreign(),
    "vrrp_track_process": Foreign(),
    "track_file": Foreign(),
    "vrrp_instance": Foreign(
        unsupported=_words("vrf"),
        missing={"track_bfd": _NO_BFD},
        unneeded={"linkbeat_use_polling": _LINKS_ARE_TOLD},
        ignored=_words("lvs_sync_daemon_interface"),
    ),
    "vrrp_sync_group": Foreign(missing={"track_bfd": _NO_BFD}),
}


def judge(block: str, keyword: str, *, switched_off: bool = False, secret: bool = False) -> Finding | None:
    """Say something about a keyword that the schema of its block does not have.

    switched_off: it was given the value false, which keepalived takes for not being there.
    secret: it may be a piece of a password that fell apart, do not repeat it.
    """
    foreign = FOREIGN.get(block, Foreign())
    if switched_off and keyword in {*foreign.unsupported, *foreign.instead, *foreign.unneeded}:
        return None
    if keyword in foreign.unsupported:
        return Finding(Severity.ERROR, f"{keyword} is understood, not supported yet", _HINTS.get(keyword, ""))
    if keyword in foreign.missing:
        return Finding(Severity.ERROR, f"{keyword} is understood, but {foreign.missing[keyword]}", _INSTEAD_OF_BFD)
    if keyword in foreign.instead:
        return Finding(Severity.WARNING, f"{keyword} is not used: {foreign.instead[keyword]}")
    if keyword in foreign.unneeded:
        return Finding(Severity.NOTE, f"{keyword} is not needed: {foreign.unneeded[keyword]}")
    if keyword in foreign.ignored:
        return Finding(Severity.NOTE, f"{keyword} is ignored, it has no influence on VRRP in hahub")
    name = "" if secret else " " + shown(keyword)[1:-1]
    message = f"unknown keyword{name}, expected one of the keywords of {block}"
    return Finding(Severity.ERROR, message, _suggestion(block, keyword))


@lru_cache(maxsize=256)
def _suggestion(block: str, keyword: str) -> str:
    """Name the keyword that was probably meant, or where this one belongs."""
    elsewhere = [name for name, words in KNOWN.items() if keyword in words and name not in (block, "channels")]
    if elsewhere:
        return f"{keyword} belongs into {elsewhere[0]}"
    if len(keyword) > 64:
        return ""
    candidates = KNOWN.get(block, frozenset()) | FOREIGN.get(block, Foreign()).unsupported
    near = get_close_matches(keyword, sorted(candidates), n=1, cutoff=0.7)
    return f"did you mean {near[0]}" if near else ""

"""What no keyword can tell alone: names that must exist, numbers that must differ, words that contradict each other."""

from collections.abc import Iterator

from hahub.config import derive
from hahub.config.announcements import check_announcements
from hahub.config.belonging_checks import check_address_lines, check_route_lines, check_rule_lines, check_statics
from hahub.config.document import Document, Path
from hahub.config.election import check_election
from hahub.config.family_checks import check_family
from hahub.config.firewall import check_accept, check_accepted_elsewhere, check_nft
from hahub.config.grammar import Block
from hahub.config.groups import check_groups, used_names
from hahub.config.host import Host
from hahub.config.link_delays import check_link_delays
from hahub.config.problems import Severity, shown
from hahub.config.schema import Config, Fifo, OptionalScript, Script, User, VrrpInstance, VrrpSyncGroup
from hahub.config.track_groups import check_track_groups
from hahub.config.tracking import check_definitions, check_lines
from hahub.config.virtual_checks import check_virtual
from hahub.config.wire import check_groups_of_all, check_wire
from hahub.family import Family
from hahub.settings import TrackedFile, TrackedProcess, TrackedScript

_ADDRESSES_MAX = 255
"""One byte counts them in an advert."""


def check(config: Config, document: Document, host: Host) -> None:
    """Report to the document what does not go together."""
    has_errors = any(problem.severity is Severity.ERROR for problem in document.problems)
    if not document.data.get("vrrp_instance") and not has_errors:
        document.report((), "no vrrp_instance, nothing to keep alive")
    for name, instance in config.vrrp_instance.items():
        path = ("vrrp_instance", name)
        _check_election(path, instance, config, document)
        _check_authentication(path, instance, config, document)
        _check_addresses(path, instance, config, document)
        check_accept(path, instance, document)
        check_lines(path, instance, document)
    for name, group in config.vrrp_sync_group.items():
        check_lines(("vrrp_sync_group", name), group, document)
    check_groups_of_all(config, document)
    check_statics(config, document)
    check_groups(config, document)
    check_virtual(config, document)
    check_announcements(config, document)
    check_track_groups(config, document)
    check_link_delays(config, document)
    _check_virtual_router_ids(config, document)
    check_accepted_elsewhere(config, document)
    check_nft(config, document, host)
    check_definitions(config, document)
    _check_use_of_trackers(config, document)
    _check_fifos(config, document)
    _check_mail(config, document)
    _check_globals(config, document)
    _check_channels(config, document)
    _check_users(config, document, host)


def _warn(document: Document, path: Path, message: str, hint: str = "") -> None:
    document.report(path, message, hint, severity=Severity.WARNING)


def _check_election(path: Path, instance: VrrpInstance, config: Config, document: Document) -> None:
    begins_as_master = derive.begins_as_master(instance, config.global_defs)
    is_owner = derive.priority_of(instance) == derive.OWNER
    if instance.state == "MASTER" and not begins_as_master:
        message = "state MASTER has no effect with auth_type AH, which has to listen first"
        _warn(document, (*path, "state"), message, "write state BACKUP")
    if begins_as_master and instance.priority is None:
        message = "state MASTER without priority means priority 255, which track_script cannot lower"
        _warn(document, (*path, "state"), message, "write the priority")
    if instance.nopreempt and instance.preempt:
        document.report((*path, "nopreempt"), "nopreempt contradicts preempt, expected one of them")
    elif instance.nopreempt and (begins_as_master or is_owner):
        why = "state MASTER" if begins_as_master else "priority 255"
        _warn(document, (*path, "nopreempt"), f"nopreempt has no effect with {why}", "write state BACKUP")
    elif instance.preempt_delay and derive.preempt_delay_of(instance, config.global_defs) == 0:
        why = "state MASTER" if begins_as_master else "nopreempt" if instance.nopreempt else "priority 255"
        _warn(document, (*path, "preempt_delay"), f"preempt_delay has no effect with {why}")
    check_election(path, instance, config.global_defs, document)
    _check_advert_int(path, instance, config, document)


def _check_advert_int(path: Path, instance: VrrpInstance, config: Config, document: Document) -> None:
    here = (*path, "advert_int")
    wanted, used = instance.advert_int, derive.advert_int_of(instance, config.global_defs)
    version = derive.version_of(instance, config.global_defs)
    if version == 3 and used > derive.ADVERT_INT_V3_MAX:
        document.report(here, f"advert_int {wanted:g} is outside 0.01-{derive.ADVERT_INT_V3_MAX} of version 3")
    elif wanted != used:
        unit = "whole seconds" if version == 2 else "hundredths of a second"
        _warn(document, here, f"advert_int {wanted:g} is used as {used:g}, version {version} has {unit}")


def _check_authentication(path: Path, instance: VrrpInstance, config: Config, document: Document) -> None:
    if instance.authentication is None:
        return
    here = (*path, "authentication")
    if instance.auth_hmac is not None:
        _warn(document, here, "authentication is ignored, there is auth_hmac")
        return
    if derive.version_of(instance, config.global_defs) == 3:
        _warn(document, here, "authentication is ignored, version 3 has none")
        return
    length = len(instance.authentication.auth_pass.get_secret_value().encode())
    if length > derive.AUTH_PASS_MAX:
        message = f"authentication auth_pass has {length} bytes, only the first {derive.AUTH_PASS_MAX} are used"
        _warn(document, (*here, "auth_pass"), message)


def _check_addresses(path: Path, instance: VrrpInstance, config: Config, document: Document) -> None:
    here = (*path, "virtual_ipaddress")
    seen = check_address_lines(here, instance.virtual_ipaddress, instance.interface, set(), document)
    excluded = (*path, "virtual_ipaddress_excluded")
    check_address_lines(excluded, instance.virtual_ipaddress_excluded, instance.interface, seen, document)
    check_route_lines((*path, "virtual_routes"), instance.virtual_routes, document)
    check_rule_lines((*path, "virtual_rules"), instance.virtual_rules, document)
    check_family(path, instance, document)
    check_wire(path, instance, config, document)
    if len(seen) > _ADDRESSES_MAX:
        document.report(here, f"virtual_ipaddress has {len(seen)} addresses, expected at most {_ADDRESSES_MAX}")
    if not seen and here not in document.keys and not instance.no_virtual_ipaddress:
        place = document.place(path, key=True)
        message = "virtual_ipaddress is missing, no address moves with this instance"
        document.report_at(place, path, message, severity=Severity.WARNING)


def _check_virtual_router_ids(config: Config, document: Document) -> None:
    first: dict[tuple[str, Family, int], str] = {}
    for name, instance in config.vrrp_instance.items():
        key = (instance.interface, derive.family_of(instance), instance.virtual_router_id)
        other = first.setdefault(key, name)
        if other != name:
            number = f"virtual_router_id {instance.virtual_router_id}"
            message = f"{number} on interface {instance.interface} belongs to vrrp_instance {other} already"
            document.report(("vrrp_instance", name, "virtual_router_id"), message)


def _check_use_of_trackers(config: Config, document: Document) -> None:
    for keyword, blocks in (("vrrp_instance", config.vrrp_instance), ("vrrp_sync_group", config.vrrp_sync_group)):
        if len(blocks) < len(document.data.get(keyword, {})):
            return  # a block with mistakes may use any of them
    used: dict[str, tuple[frozenset[str], str]] = {
        "vrrp_script": (used_names(config, TrackedScript), "it is not run"),
        "vrrp_track_process": (used_names(config, TrackedProcess), "nobody looks for them"),
        "track_file": (used_names(config, TrackedFile), "nobody reads it"),
    }
    for keyword, (names, consequence) in used.items():
        for name in getattr(config, keyword):
            if name not in names:
                message = f"{keyword} {name} is tracked by no vrrp_instance, {consequence}"
                document.report((keyword, name), message, severity=Severity.WARNING, key=True)


def _check_fifos(config: Config, document: Document) -> None:
    defs = config.global_defs
    if defs.notify_fifo and defs.vrrp_notify_fifo and defs.notify_fifo.path == defs.vrrp_notify_fifo.path:
        message = "vrrp_notify_fifo has the path of notify_fifo, it is ignored"
        _warn(document, ("global_defs", "vrrp_notify_fifo"), message)
    for fifo in ("notify_fifo", "vrrp_notify_fifo"):
        script = f"{fifo}_script"
        if getattr(defs, script) is not None and getattr(defs, fifo) is None:
            _warn(document, ("global_defs", script), f"{script} is not run without {fifo}")


def _check_mail(config: Config, document: Document) -> None:
    defs = config.global_defs
    missing = [name for name in ("smtp_server", "notification_email") if not getattr(defs, name)]
    if not missing:
        return
    keyword = "smtp_alert" if defs.smtp_alert_vrrp is None else "smtp_alert_vrrp"
    for path, block in _blocks(config):
        if derive.sends_mail(block, defs):
            here: Path = ("global_defs", keyword) if block.smtp_alert is None else (*path, "smtp_alert")
            _warn(document, here, f"smtp_alert sends no mail without {' and '.join(missing)} in global_defs")
            return


def _blocks(config: Config) -> Iterator[tuple[Path, VrrpInstance | VrrpSyncGroup]]:
    """Everything that has states, scripts and mail."""
    for name, instance in config.vrrp_instance.items():
        yield ("vrrp_instance", name), instance
    for name, group in config.vrrp_sync_group.items():
        yield ("vrrp_sync_group", name), group


def _check_globals(config: Config, document: Document) -> None:
    defs = config.global_defs
    if defs.enable_script_security:
        message = "enable_script_security has no effect: nobody checks who may write to the scripts"
        _warn(document, ("global_defs", "enable_script_security"), message)


def _check_channels(config: Config, document: Document) -> None:
    for name, channel in config.channels.items():
        wanted = (("instances", channel.instances, "vrrp_instance"), ("groups", channel.groups, "vrrp_sync_group"))
        for keyword, names, block in wanted:
            for index, each in enumerate(names or ()):
                if each not in document.data.get(block, {}):
                    message = f"{keyword} {shown(each)} is unknown, expected the name of a {block}"
                    document.report(("channels", name, keyword, index), message)


def _check_users(config: Config, document: Document, host: Host) -> None:
    for path, line in _users(("global_defs",), config.global_defs):
        _check_user(path, line, document, host)
    for name, script in config.vrrp_script.items():
        for path, line in _users(("vrrp_script", name), script):
            _check_user(path, line, document, host)
    for place, block in _blocks(config):
        for path, line in _users(place, block):
            _check_user(path, line, document, host)
    if config.hub.user is not None and not host.has_user(config.hub.user):
        _warn(document, ("hub", "user"), f"user {shown(config.hub.user)} does not exist on this machine")


def _users(path: Path, block: Block) -> Iterator[tuple[Path, Script | OptionalScript | Fifo | User]]:
    """The lines of a block that name a user."""
    for keyword in type(block).model_fields:
        value = getattr(block, keyword)
        if isinstance(value, Script | OptionalScript | Fifo | User):
            yield (*path, keyword), value


def _check_user(path: Path, line: Script | OptionalScript | Fifo | User, document: Document, host: Host) -> None:
    keyword = str(path[-1])
    if line.user is not None and not host.has_user(line.user.removeprefix(":")):
        hint = ""
        if isinstance(line, Script | OptionalScript) and line.command is not None:
            words = " ".join(w for w in (line.command, line.user, line.group) if w is not None)
            hint = f'the words after the command are a user and a group; an argument needs quotes: {keyword} "{words}"'
        found = "user" if keyword == "user" else f"{keyword} user"
        _warn(document, (*path, "user"), f"{found} {shown(line.user)} does not exist on this machine", hint)
    elif line.group is not None and not host.has_group(line.group.removeprefix(":")):
        message = f"{keyword} group {shown(line.group)} does not exist on this machine"
        _warn(document, (*path, "group"), message)

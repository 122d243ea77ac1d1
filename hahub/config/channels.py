"""Channels of the configuration -> what the hub gets: checked by their plugins, references resolved."""

from difflib import get_close_matches
from typing import Any

from pydantic import SecretStr, ValidationError

from hahub.channel import ChannelSettings as PluginSettings
from hahub.config import derive
from hahub.config.document import Document, Path
from hahub.config.host import Host
from hahub.config.plugins import PluginError, find_settings
from hahub.config.problems import Severity, shown
from hahub.config.references import Resolver
from hahub.config.schema import ChannelBlock, Config
from hahub.config.yaml_text import Plain, core_value
from hahub.settings import ChannelSettings

SMTP_ALERT = "smtp_alert"
"""Name of the channel that keepalived's mail keywords make."""
_OWN = ("type", "instances", "groups")
_MAIL_CONNECT_MAX = 280.0
"""Seconds; a channel gets 300 for a whole attempt."""
_MAIL_DIALOGUE = 20.0
"""Seconds for the dialogue after the connection."""
_MAIL_KEYWORDS = {
    "server": "smtp_server",
    "port": "smtp_server",
    "sender": "notification_email_from",
    "recipients": "notification_email",
    "helo_name": "smtp_helo_name",
    "connect_timeout": "smtp_connect_timeout",
}
"""Setting of the smtp channel -> keyword of global_defs that it comes from."""


def make_channels(config: Config, document: Document, host: Host) -> tuple[ChannelSettings, ...]:
    """The channels that hold no mistake; mistakes are reported to the document."""
    made = [_make(name, block, document, host) for name, block in config.channels.items()]
    if SMTP_ALERT in config.channels:
        document.report(("channels", SMTP_ALERT), f"{SMTP_ALERT} is the name of the channel of global_defs", key=True)
    made.append(_make_smtp_alert(config, document, host))
    return tuple(channel for channel in made if channel is not None)


def _make(name: str, block: ChannelBlock, document: Document, host: Host) -> ChannelSettings | None:
    path: Path = ("channels", name)
    try:
        model = find_settings(block.type)
    except PluginError as error:
        document.report((*path, "type"), f"type {shown(block.type)}: {error}")
        return None
    given = {key: value for key, value in document.data["channels"][name].items() if key not in _OWN}

    def report(where: Path, message: str) -> None:
        document.report(where, f"{_setting(where)} {message}")

    resolver = Resolver(host, report)
    settings = {
        key: resolver.resolve(_without_null(value), _annotation(model, key), (*path, key))
        for key, value in given.items()
    }
    _warn_about_literals(resolver, document, host)
    settings, errors = _validate(model, settings)
    for found in errors:
        if (*path, *found["loc"]) not in resolver.unresolved:
            _report(found, model, resolver.secrets, document, path)
    if errors or resolver.unresolved:
        return None
    return ChannelSettings(name, block.type, _plain(settings), block.instances, block.groups)


def _annotation(model: type[PluginSettings], key: str) -> Any:
    return model.model_fields[key].annotation if key in model.model_fields else object


def _without_null(value: object) -> object:
    """YAML's null is None; every other text waits for the type that its field wants."""
    if isinstance(value, Plain):
        return None if core_value(value) is None else value
    if isinstance(value, list):
        return [_without_null(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_null(item) for key, item in value.items()}
    return value


def _validate(
    model: type[PluginSettings], settings: dict[str, object]
) -> tuple[dict[str, object], list[dict[str, Any]]]:
    """Check settings as texts; where a field refuses a text, once more with its YAML value."""
    errors = _errors(model, settings)
    typed = False
    for error in errors:
        typed = _give_type(settings, error["loc"]) or typed
    return settings, _errors(model, settings) if typed else errors


def _errors(model: type[PluginSettings], settings: dict[str, object]) -> list[dict[str, Any]]:
    try:
        model.model_validate(settings)
    except ValidationError as errors:
        return [dict(error) for error in errors.errors(include_url=False, include_input=False)]
    except Exception as error:  # a validator of a plugin may raise anything
        return [{"loc": (), "type": "plugin", "msg": f"the plugin failed: {type(error).__name__}", "ctx": {}}]
    return []


def _give_type(settings: dict[str, object], where: Path) -> bool:
    """Replace the plain text at a place by its YAML value; False when there is none with another type."""
    holder: Any = settings
    for part in where[:-1]:
        try:
            holder = holder[part]
        except (KeyError, IndexError, TypeError):
            return False
    try:
        value = holder[where[-1]]
    except (KeyError, IndexError, TypeError):
        return False
    if not isinstance(value, Plain) or isinstance(core_value(value), str):
        return False
    holder[where[-1]] = core_value(value)
    return True


def _report(
    error: dict[str, Any], model: type[PluginSettings], secrets: list[str], document: Document, path: Path
) -> None:
    where = (*path, *error["loc"])
    setting = _setting(where)
    if error["type"] == "missing":
        document.report_at(document.place(where[:-1], key=True), where, f"{setting} is missing")
        return
    if error["type"] == "extra_forbidden":
        near = get_close_matches(str(where[-1]), [*model.model_fields, *_OWN], n=1)
        hint = f"did you mean {near[0]}" if near else ""
        document.report(where, f"unknown setting {shown(setting)[1:-1]}", hint, key=True)
        return
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    for secret in secrets:
        if secret:
            message = message.replace(secret, "***")
    message = f"{message[:1].lower()}{message[1:]}".rstrip(".")
    document.report(where, f"{setting}: {message}" if error["loc"] else message)


def _setting(where: Path) -> str:
    return ".".join(str(part) for part in where[2:])


def _warn_about_literals(resolver: Resolver, document: Document, host: Host) -> None:
    for path in resolver.literals:
        place = document.place(path)
        if place.line and host.is_public(place.file):
            message = f"{_setting(path)} is a secret in a file that everybody can read"
            hint = "write env:NAME or file:/path, or take the right to read away"
            document.report(path, message, hint, severity=Severity.WARNING)


def _plain(value: Any) -> Any:
    """The same in the plain types of JSON."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value) if isinstance(value, str) else value


def _make_smtp_alert(config: Config, document: Document, host: Host) -> ChannelSettings | None:
    """The channel of smtp_alert, for those instances and groups that want mail."""
    defs = config.global_defs
    names = tuple(name for name, i in config.vrrp_instance.items() if derive.sends_mail(i, defs))
    groups = tuple(name for name, group in config.vrrp_sync_group.items() if derive.sends_mail(group, defs))
    if not (names or groups) or defs.smtp_server is None or not defs.notification_email:
        return None
    connect = min(defs.smtp_connect_timeout, _MAIL_CONNECT_MAX)
    settings: dict[str, object] = {
        "server": defs.smtp_server.host,
        "port": defs.smtp_server.port,
        "tls": "none",
        "sender": defs.notification_email_from or f"root@{host.name}",
        "recipients": list(dict.fromkeys(defs.notification_email)),
        "connect_timeout": connect,
        "timeout": connect + _MAIL_DIALOGUE,
    }
    if defs.smtp_helo_name is not None:
        settings["helo_name"] = defs.smtp_helo_name
    try:
        errors = _errors(find_settings("smtp"), settings)
    except PluginError as error:
        document.report(("global_defs", "smtp_server"), f"smtp_server: {error}")
        return None
    for found in errors:
        keyword = _MAIL_KEYWORDS.get(str(found["loc"][0]) if found["loc"] else "", "smtp_server")
        message = str(found["msg"]).removeprefix("Value error, ")
        document.report(("global_defs", keyword), f"{keyword}: {message[:1].lower()}{message[1:]}")
    return None if errors else ChannelSettings(SMTP_ALERT, "smtp", settings, names, groups or None)

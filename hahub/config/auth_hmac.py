"""``auth_hmac``: its block -> settings, with keys out of files and the environment, and what is wrong with it.

Source: keepalived vrrp/vrrp_parser.c:vrrp_auth_hmac_handler and those after it, vrrp/vrrp.c:vrrp_complete_instance.
"""

import re
from collections.abc import Callable

from pydantic import SecretStr

from hahub.config import derive
from hahub.config.document import Document, Path
from hahub.config.host import Host
from hahub.config.problems import Severity
from hahub.config.references import Resolver, variables
from hahub.config.schema import Config, GlobalDefs, VrrpInstance
from hahub.config.schema_wire import AuthHmac
from hahub.settings import HmacKey, HmacSettings

KEY_BYTES = range(32, 65)
WINDOW_MIN, WINDOW_MAX = 5, 300
"""Seconds; of a window that is not configured."""
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")


def resolve_keys(config: Config, document: Document, host: Host) -> tuple[Config, tuple[str, ...]]:
    """Put the keys that ``env:NAME`` and ``file:/path`` stand for into their places; report those that are none.

    Returns also the names of the environment variables.
    """
    instances, names = dict(config.vrrp_instance), list[str]()
    for name, instance in config.vrrp_instance.items():
        if instance.auth_hmac is None:
            continue
        here: Path = ("vrrp_instance", name, "auth_hmac")
        names += variables([line.value.get_secret_value() for line in instance.auth_hmac.key])
        block = _resolved(here, instance.auth_hmac, document, host)
        instances[name] = instance.model_copy(update={"auth_hmac": block})
        _check_ids(here, block, document)
    return config.model_copy(update={"vrrp_instance": instances}), tuple(names)


def _resolved(here: Path, block: AuthHmac, document: Document, host: Host) -> AuthHmac:
    lines = []
    for index, line in enumerate(block.key):
        path = (*here, "key", index, "value")
        resolver = Resolver(host, _reporter(document, f"auth_hmac key {line.id}"))
        value = str(resolver.resolve(line.value.get_secret_value(), SecretStr, path))
        if not resolver.unresolved:
            _check_value(path, line.id, value, document)
        _warn_about_literal(line.id, resolver, document, host)
        lines.append(line.model_copy(update={"value": SecretStr(value)}))
    return block.model_copy(update={"key": tuple(lines)})


def _reporter(document: Document, what: str) -> Callable[[Path, str], None]:
    def report(path: Path, message: str) -> None:
        document.report(path, f"{what} {message}")

    return report


def _check_value(path: Path, key: int, value: str, document: Document) -> None:
    if value.startswith("hex:") and not _HEX.fullmatch(value.removeprefix("hex:")):
        document.report(path, f"auth_hmac key {key} is not hexadecimal behind hex:, expected pairs of 0-9 and a-f")
    elif len(_secret(value)) not in KEY_BYTES:
        found = f"has {len(_secret(value))} bytes"
        document.report(path, f"auth_hmac key {key} {found}, expected {KEY_BYTES[0]} to {KEY_BYTES[-1]}")


def _warn_about_literal(key: int, resolver: Resolver, document: Document, host: Host) -> None:
    for path in resolver.literals:
        place = document.place(path)
        if place.line and host.is_public(place.file):
            message = f"auth_hmac key {key} is a secret in a file that everybody can read"
            hint = "write env:NAME or file:/path, or take the right to read away"
            document.report(path, message, hint, severity=Severity.WARNING)


def _check_ids(here: Path, block: AuthHmac, document: Document) -> None:
    ids = [line.id for line in block.key]
    for index, key in enumerate(ids):
        if key in ids[:index]:
            document.report((*here, "key", index, "id"), f"auth_hmac key {key} is there twice")
    if block.active_key is not None and block.active_key not in ids:
        document.report((*here, "active_key"), f"auth_hmac active_key {block.active_key} is none of its keys")
    if block.anti_replay == "monotonic" and block.time_window is not None:
        message = "auth_hmac time_window has no effect with anti_replay monotonic"
        document.report((*here, "time_window"), message, severity=Severity.WARNING)


def hmac_of(instance: VrrpInstance, defs: GlobalDefs) -> HmacSettings | None:
    """The settings of an instance without errors."""
    block = instance.auth_hmac
    if block is None:
        return None
    window = 3 * int(derive.advert_int_of(instance, defs))
    usual = min(max(window, WINDOW_MIN), WINDOW_MAX)
    return HmacSettings(
        keys=tuple(HmacKey(line.id, _secret(line.value.get_secret_value())) for line in block.key),
        active_key=block.active_key,
        time_window=0 if block.anti_replay == "monotonic" else block.time_window or usual,
        signs=block.mode != "receive-only",
        required=block.mode == "enforce",
    )


def _secret(value: str) -> bytes:
    """The bytes of a key; none where it is not what it says."""
    if not value.startswith("hex:"):
        return value.encode()
    digits = value.removeprefix("hex:")
    return bytes.fromhex(digits) if _HEX.fullmatch(digits) else b""

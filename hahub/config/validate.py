"""Document -> Config: each block by its model, so that a mistake in one does not hide those in another."""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import ValidationError

from hahub.config.document import Document, Path, keyword_words
from hahub.config.grammar import Block, Form, Line, form_of, word_of
from hahub.config.names import Names
from hahub.config.schema import (
    ChannelBlock,
    Config,
    GarpGroup,
    GlobalDefs,
    Hub,
    RootLines,
    TrackGroup,
    VrrpInstance,
    VrrpScript,
    VrrpSyncGroup,
)
from hahub.config.schema_trackers import FileDefinition, ProcessDefinition

_B = TypeVar("_B", bound=Block)


def validate(document: Document, read_names: Callable[[str, str], Names]) -> Config:
    """Make the model of a document; blocks with mistakes are left out, and the mistakes reported to the document."""
    data = document.data
    defs = _block(document, ("global_defs",), GlobalDefs, data.get("global_defs", {})) or GlobalDefs()
    document.names = read_names(defs.iproute_etc_dir or "", defs.iproute_usr_dir or "")
    lines = {keyword: data[keyword] for keyword in RootLines.model_fields if keyword in data}
    statics = _block(document, (), RootLines, lines) or RootLines()
    return Config.model_construct(
        global_defs=defs,
        garp_group=_blocks(document, "garp_group", GarpGroup),
        vrrp_script=_named(document, "vrrp_script", VrrpScript),
        vrrp_track_process=_named(document, "vrrp_track_process", ProcessDefinition),
        track_file=_named(document, "track_file", FileDefinition),
        track_group=_named(document, "track_group", TrackGroup),
        vrrp_instance=_named(document, "vrrp_instance", VrrpInstance),
        vrrp_sync_group=_named(document, "vrrp_sync_group", VrrpSyncGroup),
        channels=_named(document, "channels", ChannelBlock),
        static_ipaddress=statics.static_ipaddress,
        static_routes=statics.static_routes,
        static_rules=statics.static_rules,
        interface_up_down_delays=statics.interface_up_down_delays,
        hub=_block(document, ("hub",), Hub, data.get("hub", {})) or Hub(),
    )


def _blocks(document: Document, keyword: str, model: type[_B]) -> tuple[_B, ...]:
    found = [
        _block(document, (keyword, index), model, data) for index, data in enumerate(document.data.get(keyword, ()))
    ]
    return tuple(block for block in found if block is not None)


def _named(document: Document, keyword: str, model: type[_B]) -> dict[str, _B]:
    blocks: dict[str, _B] = {}
    for name, data in document.data.get(keyword, {}).items():
        if not _is_name(name):
            path = (keyword, name)
            document.report(path, f"{keyword} has a name that is empty, or has quotes or control characters", key=True)
            continue
        block = _block(document, (keyword, name), model, data)
        if block is not None:
            blocks[name] = block
    return blocks


def _is_name(name: str) -> bool:
    return bool(name) and name.isprintable() and '"' not in name


def _block(document: Document, path: Path, model: type[_B], data: Any) -> _B | None:
    try:
        return model.model_validate(data, context=document.names)
    except ValidationError as errors:
        for error in errors.errors(include_url=False, include_input=False):
            _report(document, (*path, *error["loc"]), error["type"], error["msg"], error.get("ctx", {}))
    return None


def _report(document: Document, path: Path, kind: str, message: str, context: dict[str, Any]) -> None:
    if kind == "missing":
        if path not in document.keys:  # else its value was reported where it was read
            what = keyword_words(path)
            document.report_at(document.place(path[:-1], key=True), path, f"{what} is missing")
        return
    words = field_words(path)
    if kind == "hahub":
        document.report(path, f"{words} {context['message']}", context["hint"])
    else:
        document.report(path, f"{words}: {message[:1].lower()}{message[1:]}")


def field_words(path: Path) -> str:
    """The keyword of a path, without the name of the field that its first word fills."""
    model: type[Block] | None = Config
    form: Form | None = None
    for part in path[:-1]:
        if isinstance(part, int):
            continue
        if form is Form.NAMED:
            form = Form.BLOCK
            continue
        if model is None or part not in model.model_fields:
            return keyword_words(path)
        form, model = form_of(model, part)
    if model is not None and issubclass(model, Line) and path[-1] in model.grammar.positional[:1]:
        return keyword_words(path[:-1])
    if model is not None and issubclass(model, Line) and isinstance(path[-1], str):
        return keyword_words((*path[:-1], word_of(path[-1], model.grammar)))
    return keyword_words(path)

"""The schema as a whole: every keyword is described, belongs to one table, and has a form."""

from pydantic import BaseModel

from hahub.config.grammar import Block, form_of
from hahub.config.keywords import FOREIGN, KNOWN
from hahub.config.schema import (
    Authentication,
    ChannelBlock,
    Config,
    GlobalDefs,
    Hub,
    VrrpInstance,
    VrrpScript,
    VrrpSyncGroup,
)
from hahub.config.schema_trackers import FileDefinition, ProcessDefinition

BLOCKS: list[type[Block]] = [
    GlobalDefs,
    VrrpScript,
    ProcessDefinition,
    FileDefinition,
    VrrpInstance,
    VrrpSyncGroup,
    Authentication,
    ChannelBlock,
    Hub,
]


def _models() -> set[type[BaseModel]]:
    lines = {form_of(block, name)[1] for block in BLOCKS for name in block.model_fields}
    return {*BLOCKS, *(line for line in lines if line is not None)}


def test_every_keyword_has_a_description() -> None:
    bare = [f"{m.__name__}.{n}" for m in _models() for n, field in m.model_fields.items() if not field.description]

    assert len(_models()) > len(BLOCKS)
    assert bare == []


def test_no_keyword_is_both_known_and_foreign() -> None:
    for block, foreign in FOREIGN.items():
        said = (foreign.missing.keys(), foreign.instead.keys(), foreign.unneeded.keys())
        tables = [KNOWN[block], foreign.unsupported, foreign.ignored, *map(frozenset, said)]

        assert sum(len(table) for table in tables) == len(frozenset().union(*tables)), block


def test_defaults_pass_their_own_validation() -> None:
    for model in (GlobalDefs, Hub, Config):
        assert model.model_validate(model().model_dump(exclude_none=True)) == model()

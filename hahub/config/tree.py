"""Tokens of a keepalived.conf -> statements with their blocks."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from hahub.config.problems import Place, Problem, problem_at
from hahub.config.tokens import Kind, Token


@dataclass(slots=True)
class Statement:
    """A keyword with its words and, after an opening brace, its block."""

    words: list[Token]
    """The first is the keyword; empty for a block that belongs to nothing."""
    place: Place
    block: "list[Statement] | None" = None
    opened: Place | None = None
    """Where the brace of the block stands."""


@dataclass(slots=True)
class _Level:
    """A block that is being read."""

    statements: list[Statement] = field(default_factory=list)
    owner: Statement | None = None


def build_tree(tokens: Iterable[Token]) -> tuple[list[Statement], list[Problem]]:
    """Nest statements by their braces. A brace may stand on the line after its keyword.

    Braces without their partner are problems; what can be read is still returned.
    """
    root = _Level()
    levels = [root]
    problems: list[Problem] = []
    current: Statement | None = None
    for token in tokens:
        level = levels[-1]
        if token.kind is Kind.WORD:
            if current is None:
                current = Statement([], token.place)
                level.statements.append(current)
            current.words.append(token)
            continue
        if token.kind is Kind.OPEN:
            owner = current or _keyword_waiting_for_brace(level)
            if owner is None:
                problems.append(problem_at(token.place, "", "unexpected '{', expected a keyword before it"))
                owner = Statement([], token.place)
                level.statements.append(owner)
            owner.block, owner.opened = [], token.place
            levels.append(_Level(owner.block, owner))
        elif token.kind is Kind.CLOSE:
            if len(levels) > 1:
                levels.pop()
            else:
                problems.append(problem_at(token.place, "", "unexpected '}', no block is open"))
        current = None
    for level in levels[1:]:
        if level.owner is not None and level.owner.opened is not None:
            problems.append(problem_at(level.owner.opened, "", "'{' is not closed, expected '}'"))
    return root.statements, problems


def _keyword_waiting_for_brace(level: _Level) -> Statement | None:
    """The statement of the line before, unless it has its block already."""
    if not level.statements or level.statements[-1].block is not None:
        return None
    return level.statements[-1]

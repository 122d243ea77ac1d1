"""When routers are served."""

from types import SimpleNamespace
from typing import cast

import pytest

from hahub.core.router import Router
from hahub.core.turns import TICK, turn
from hahub.model import State


def router(state: State, deadline: float | None) -> Router:
    return cast(Router, SimpleNamespace(instance=SimpleNamespace(state=state), next_deadline=deadline))


@pytest.mark.parametrize("state", list(State))
def test_nobody_is_served_late_and_only_a_master_early_by_less_than_a_tick(state: State):
    early = 5.0004 - (turn(router(state, 5.0004)) or 0.0)

    assert 0 < early < TICK if state is State.MASTER else early == 0


def test_the_adverts_of_one_tick_go_out_together():
    turns = {turn(router(State.MASTER, 7.0 + TICK * share)) for share in (0.1, 0.5, 0.9)}

    assert len(turns) == 1


def test_without_a_deadline_there_is_no_turn():
    assert [turn(router(state, None)) for state in (State.MASTER, State.BACKUP)] == [None, None]

"""Trying the program on disk before going on as it."""

import sys
from pathlib import Path

import pytest

from hahub.parent import heritage, rehearsal
from hahub.parent.rehearsal import Verdict, rehearse

PYTHON = (sys.executable, "-I", "-c")
SAYS = "import os; assert os.environ['HAHUB_REHEARSAL'] == '1'; print('{}')"


def introduction(number: int) -> str:
    return f'{{"version": "9.9", "heritage": {number}}}'


@pytest.mark.parametrize(
    ("program", "verdict"),
    [
        pytest.param(SAYS.format(introduction(heritage.FORMAT)), Verdict("", (), "9.9"), id="it is good"),
        pytest.param(
            "import sys; print('a: b\\nc', file=sys.stderr); sys.exit(3)",
            Verdict("the program on disk does not start with these files, exit status 3", ("a: b", "c")),
            id="it does not start",
        ),
        pytest.param(
            "print('started pid=1')",
            Verdict("the program on disk does not know how to take over"),
            id="it does not know",
        ),
        pytest.param(
            SAYS.format(introduction(99)),
            Verdict(f"hahub 9.9 on disk takes over format 99, this one hands over {heritage.FORMAT}"),
            id="it speaks another language",
        ),
    ],
)
async def test_a_program_is_judged_by_what_it_says(program: str, verdict: Verdict) -> None:
    assert await rehearse((*PYTHON, program)) == verdict


async def test_a_program_that_is_not_there_is_no_good(tmp_path: Path) -> None:
    verdict = await rehearse((f"{tmp_path}/none", "run"))

    assert verdict.problem == f"{tmp_path}/none cannot be executed: no such file or directory"


async def test_a_program_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "_PATIENCE", 0.3)

    verdict = await rehearse((*PYTHON, "import time; time.sleep(1000)"))

    assert verdict.problem == "the program on disk is not ready within 0.3 s"

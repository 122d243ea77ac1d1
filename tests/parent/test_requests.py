"""Files that ask for a reload and answer."""

from pathlib import Path

from hahub.parent import requests
from hahub.parent.requests import Outcome, Request


def test_what_is_asked_is_taken_once_and_answered_to_each(tmp_path: Path) -> None:
    first, second = Request("0a"), Request("0b", upgrade=True)
    requests.ask(tmp_path, first)
    requests.ask(tmp_path, second)
    (tmp_path / "reload-0c.request").write_text("nonsense")
    (tmp_path / "reload-0d.new").write_text("half of one")

    assert requests.take(tmp_path) == (first, second)
    assert requests.take(tmp_path) == ()
    outcome = Outcome(accepted=True, problems=("a: b",), changes=("added c",), detail="d")
    requests.answer(tmp_path, (first, second), outcome)

    assert requests.outcome_of(tmp_path, first) == outcome
    assert requests.outcome_of(tmp_path, first) is None
    requests.withdraw(tmp_path, second)
    assert requests.outcome_of(tmp_path, second) is None
    assert [path.name for path in tmp_path.iterdir()] == ["reload-0d.new"]


def test_only_the_user_of_the_daemon_may_read_them(tmp_path: Path) -> None:
    requests.ask(tmp_path, Request("0a"))

    assert (tmp_path / "reload-0a.request").stat().st_mode & 0o777 == 0o600

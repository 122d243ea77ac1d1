"""What the documents promise is true."""

import re
from pathlib import Path

import pytest

from hahub.config import Severity, load

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_configuration_in_the_readme_loads_and_has_no_more_than_twenty_odd_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DINGTALK_TOKEN", "0123456789abcdef")
    monkeypatch.setenv("DINGTALK_SECRET", "SEC0123456789abcdef")
    monkeypatch.setenv("HAHUB_WEBHOOK_SECRET", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz")
    monkeypatch.setenv("HAHUB_WEBHOOK_URL", "https://audit.example.org/hook")
    text = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert text is not None
    path = tmp_path / "hahub.yaml"
    path.write_text(text[1])

    loaded = load([path])

    assert [p for p in loaded.problems if p.severity is Severity.ERROR] == []
    assert loaded.settings is not None
    assert [channel.type for channel in loaded.settings.hub.channels] == ["dingtalk", "smtp", "webhook"]
    assert len(text[1].splitlines()) <= 24


@pytest.mark.parametrize("document", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("*/*.md")), ids=lambda p: p.name)
def test_links_between_documents_lead_somewhere(document: Path):
    targets = re.findall(r"\]\(([^)#:]+)\)", document.read_text())

    missing = [target for target in targets if not (document.parent / target).exists()]

    assert missing == []


def test_every_verb_is_in_the_readme():
    verbs = [path.stem for path in (ROOT / "hahub" / "cli").glob("*.py") if not path.stem.startswith("_")]

    missing = [verb for verb in verbs if f"`hahub {verb}" not in README]

    assert missing == []


def test_every_room_is_on_the_map():
    rooms = [path.parent.name for path in (ROOT / "hahub").glob("*/__init__.py")]
    rooms += [path.name for path in (ROOT / "hahub").glob("*.py") if path.name != "__init__.py"]
    plan = (ROOT / "docs" / "architecture.md").read_text()

    assert [room for room in rooms if not re.search(rf"\b{re.escape(room)}(/|  )", plan)] == []

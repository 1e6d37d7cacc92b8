from pathlib import Path

import structlog

from web_ui.runbooks import load

REPOSITORY = Path(__file__).parents[4]


def test_every_runbook_of_the_repository_is_read() -> None:
    folder = REPOSITORY / "docs" / "runbooks"
    found = load(folder)
    assert set(found) == {file.stem for file in folder.glob("*.md")}
    for runbook in found.values():
        assert "<h2>Look</h2>" in runbook.body
        assert 'href="..' not in runbook.body


def test_markdown_becomes_html_and_html_stays_text(tmp_path: Path) -> None:
    (tmp_path / "Fire.md").write_text(
        "# Fire\n\nSee [Smoke](Smoke.md), [the rule](../../rules.yml) or [the web](https://a.test/).\n"
        "\n1. `ls`\n\n<script>alert(1)</script>\n",
        encoding="utf-8",
    )
    body = load(tmp_path)["Fire"].body
    assert '<a href="/runbooks/Smoke">Smoke</a>, the rule or <a href="https://a.test/">' in body
    assert "<code>ls</code>" in body
    assert "<script>" not in body
    assert "<h1>" not in body


def test_without_the_folder_there_are_none_and_the_log_says_so(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as lines:
        assert load(tmp_path / "nowhere") == {}
    assert [line["event"] for line in lines] == ["runbooks_missing"]

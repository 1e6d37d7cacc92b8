"""What looks like a key is shown nowhere; what does not is left as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.masking import MASK, Mask

from .conftest import Chain

# Put together here, so that no file holds one.
TOKEN = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3hJ6"
BLOCK = [
    "-----BEGIN RSA " + "PRIVATE KEY-----",
    "MIIEowIBAAKCAQEA",
    "-----END RSA PRIVATE KEY-----",
]


@pytest.mark.parametrize(
    "line",
    [
        "services/web-ui/tests/test_auth.py::test_an_access_token_of_2026_is_refused_at_once",
        "image alert-ingestion\t327 MB, b9008e10285a",
        "settings.py:2: aws-access-token: Identified a pattern in commit 0a1b2c3d4e5f",
        "ci/checks/test_tools.py::test_a_build_of_another_version_is_replaced[TheSecondOf3Versions]",
        "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c test_x[0191b4c2-7b7a-7cde-8f00-4ad6e21483821c15]",
        "sha256:61c056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b",
        "7 passed, 1 failed in 3.2s",
    ],
)
def test_what_a_stage_says_otherwise_is_left_as_it_is(line: str) -> None:
    assert Mask().line(line) == line


@pytest.mark.parametrize(
    "line",
    [
        f"  3 | access = '{TOKEN}'",
        f"+{TOKEN}",
        f'<failure message="assert &#x27;{TOKEN}&#x27; == 1">',
    ],
)
def test_a_key_is_masked_wherever_it_stands(line: str) -> None:
    assert Mask().line(line) == line.replace(TOKEN, MASK)


def test_a_private_key_is_masked_over_its_lines_and_in_one() -> None:
    mask = Mask()
    assert [mask.line(line) for line in [*BLOCK, "after"]] == [MASK, MASK, MASK, "after"]
    assert "MIIE" not in Mask().line("x = '" + r"\n".join(BLOCK) + "'")


def test_a_value_beside_a_name_is_known_where_it_stands_alone(tmp_path: Path) -> None:
    value = TOKEN.removeprefix("ghp_")
    value = f"{value[:20]}.{value[20:]}"  # alone it would not look like one
    (tmp_path / "tool.txt").write_text(f"rm {value}\napi_key = '{value}'\n")
    mask = Mask()
    mask.clean_folder(tmp_path)
    assert (tmp_path / "tool.txt").read_text() == f"rm {MASK}\napi_key = '{MASK}'\n"
    assert mask.line(f"because of {value}") == f"because of {MASK}"
    assert mask.line(f"E   {value[:18]}...") == f"E   {MASK}"


def test_a_long_jumble_is_a_key_without_any_name() -> None:
    assert Mask().line(f"ValueError: x{TOKEN[4:]}") == f"ValueError: {MASK}"


def test_files_that_programs_read_and_bytes_that_are_no_text_stay_as_they_are(
    tmp_path: Path,
) -> None:
    (tmp_path / "record.json").write_text(f'{{"token": "{TOKEN}"}}')
    (tmp_path / "odd.txt").write_bytes(b"\xff " + TOKEN.encode())
    Mask().clean_folder(tmp_path)
    assert TOKEN in (tmp_path / "record.json").read_text()
    assert (tmp_path / "odd.txt").read_bytes() == b"\xff " + MASK.encode()


def test_neither_log_nor_reason_nor_summary_of_a_stage_holds_a_key(chain: Chain) -> None:
    chain.stage(
        "loud",
        f"say 'quoted: {TOKEN}'; printf '%s' '{TOKEN}' >\"$OUT/tool.txt\"\n"
        f"fact 'a figure' '{TOKEN}'; finding HIGH here '{TOKEN}'; unproved '{TOKEN}'\n"
        f"fail 'because of {TOKEN}'",
    )

    done = chain.run("--json")

    assert done.returncode == 10
    assert f"quoted: {MASK}" in done.stderr
    assert TOKEN not in done.stdout + done.stderr
    for path in chain.out().rglob("*"):
        assert not path.is_file() or TOKEN not in path.read_text(), path

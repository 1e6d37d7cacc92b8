"""The tags a published image gets."""

from __future__ import annotations

import pytest

from publishing.names import UnpublishableError, names

SHA = "0123456789abcdef0123456789abcdef01234567"
COMMIT = "moving sha-0123456789ab"


@pytest.mark.parametrize(
    ("ref", "others", "tags"),
    [
        ("refs/heads/main", [], [COMMIT, "newest main"]),
        ("refs/tags/v1.4.2", [], [COMMIT, "fixed 1.4.2", "moving 1.4", "moving latest"]),
        ("refs/tags/v1.4.2", ["v1.4.2"], [COMMIT, "fixed 1.4.2", "moving 1.4", "moving latest"]),
        # A pre-release is nobody's latest, and does not keep a release from being it.
        ("refs/tags/v1.5.0-rc.1", [], [COMMIT, "fixed 1.5.0-rc.1"]),
        (
            "refs/tags/v1.5.0",
            ["v2.0.0-rc.1"],
            [COMMIT, "fixed 1.5.0", "moving 1.5", "moving latest"],
        ),
        # A patch of an older line moves that line alone; numbers are compared as numbers.
        ("refs/tags/v1.9.3", ["v1.10.0"], [COMMIT, "fixed 1.9.3", "moving 1.9"]),
        ("refs/tags/v1.4.1", ["v1.4.2"], [COMMIT, "fixed 1.4.1"]),
        (
            "refs/tags/v1.10.0",
            ["v1.9.3", "vendor"],
            [COMMIT, "fixed 1.10.0", "moving 1.10", "moving latest"],
        ),
    ],
)
def test_a_ref_gives_its_tags(ref: str, others: list[str], tags: list[str]) -> None:
    found = names(ref, SHA, [f"refs/tags/{other}" for other in others])
    assert [f"{kind} {tag}" for kind, tag in found] == tags


@pytest.mark.parametrize(
    "ref", ["refs/heads/feature", "refs/tags/v1", "refs/tags/v1.2.3+x", "refs/pull/7/merge", ""]
)
def test_nothing_is_published_from_anything_else(ref: str) -> None:
    with pytest.raises(UnpublishableError, match="only main and tags"):
        names(ref, SHA)


def test_a_shortened_commit_is_refused() -> None:
    with pytest.raises(UnpublishableError, match="40 digits"):
        names("refs/heads/main", SHA[:12])

"""`python3 -m publishing.names REF SHA <OTHER_REFS`: the tags of an image, a kind and a tag a line.

    refs/heads/main           sha-<commit>, main
    refs/tags/v1.4.2          sha-<commit>, 1.4.2, 1.4, latest
    refs/tags/v1.5.0-rc.1     sha-<commit>, 1.5.0-rc.1

`latest` is for releases alone, and a release of an older line takes neither it nor the line's tag
back. Standard input: the repository's other tags, one ref a line.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection
from enum import StrEnum

_VERSION = re.compile(r"refs/tags/v(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?")
_COMMIT_DIGITS = 12


class Kind(StrEnum):
    """What may happen to a tag that is there already."""

    FIXED = "fixed"  # nothing, ever: a release is what it was
    MOVING = "moving"  # this run's image takes it
    NEWEST = "newest"  # likewise, while the commit is still the newest of main


class UnpublishableError(ValueError):
    """Nothing may be published from this ref; the message says why."""


def names(ref: str, sha: str, others: Collection[str] = ()) -> list[tuple[Kind, str]]:
    """The tags for a ref such as refs/heads/main; `others`: refs of the repository's own tags."""
    if not re.fullmatch(r"[0-9a-f]{40}", sha):
        raise UnpublishableError(f"{sha!r} is no commit hash of 40 digits")
    commit = (Kind.MOVING, f"sha-{sha[:_COMMIT_DIGITS]}")
    if ref == "refs/heads/main":
        return [commit, (Kind.NEWEST, "main")]
    found = _VERSION.fullmatch(ref)
    if not found:
        raise UnpublishableError(
            f"{ref}: only main and tags such as v1.2.3 or v1.2.3-rc.1 are published"
        )
    tags = [commit, (Kind.FIXED, ref.removeprefix("refs/tags/v"))]
    own = _release(ref)
    if own is None:
        return tags
    releases = [release for release in map(_release, others) if release]
    if all(own >= other for other in releases if other[:2] == own[:2]):
        tags.append((Kind.MOVING, f"{own[0]}.{own[1]}"))
    if all(own >= other for other in releases):
        tags.append((Kind.MOVING, "latest"))
    return tags


def _release(ref: str) -> tuple[int, int, int] | None:
    """The numbers of a release's tag; None for a pre-release and for any other tag."""
    found = _VERSION.fullmatch(ref)
    if not found or found[4]:
        return None
    return int(found[1]), int(found[2]), int(found[3])


def main() -> int:
    """Prints the tags; 1 and the reason when there are none."""
    try:
        found = names(sys.argv[1], sys.argv[2], sys.stdin.read().split())
    except UnpublishableError as error:
        print(error, file=sys.stderr)
        return 1
    for kind, tag in found:
        print(f"{kind} {tag}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The releases of the product that this host keeps, and the lock around them.

They lie outside any checkout, since two checkouts deploy the same product. Which of them runs is
not written down: the Engine is asked (release/found.py).

    <state>/<project>/lock
    <state>/<project>/releases/<name>/          compose.json, release.json

A release's images carry a tag of their own, so that no prune takes them while it is kept.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from release.engine import EngineError, Stack, docker

KEPT = 3
TAG_PREFIX = "vigie-release"


@dataclass(frozen=True)
class Release:
    """One release. `before`: the name of the one that ran when it was deployed.

    `verified`: verification passed on it. `found`: somebody started it by hand, and it was healthy
    when a deploy found it. Either makes it worth going back to.
    """

    name: str
    folder: Path
    images: Mapping[str, str]
    commit: str
    made_at: str
    verified: bool = False
    found: bool = False
    before: str = ""

    @property
    def good(self) -> bool:
        """Whether it is worth going back to."""
        return self.verified or self.found

    @property
    def file(self) -> Path:
        """The compose file it runs from."""
        return self.folder / "compose.json"

    def save(self) -> None:
        """Write release.json."""
        document = {**asdict(self), "folder": str(self.folder), "images": dict(self.images)}
        text = json.dumps(document, indent=2) + "\n"
        (self.folder / "release.json").write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a release's folder."""
        document = json.loads((folder / "release.json").read_text(encoding="utf-8"))
        return cls(**{**document, "folder": folder})


@dataclass(frozen=True)
class Store:
    """The releases of one compose project on this host."""

    project: str
    folder: Path

    @classmethod
    def of(cls, project: str, environment: Mapping[str, str] = os.environ) -> Self:
        """Below VIGIE_RELEASES_DIR, or where the user's state belongs."""
        state = environment.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
        base = Path(environment.get("VIGIE_RELEASES_DIR") or Path(state) / "vigie")
        return cls(project, base / project)

    @property
    def lock(self) -> Path:
        """Held by whoever changes the product on this host."""
        return self.folder / "lock"

    def stack(self, release: Release) -> Stack:
        """The release as a compose stack."""
        return Stack(self.project, release.file)

    def last_good(self, *, but: str = "") -> Release | None:
        """The newest release that is worth going back to, other than `but`."""
        good = [release for release in self.all() if release.good and release.name != but]
        return good[-1] if good else None

    def way_back(self, release: Release) -> Release | None:
        """Where a failing release gives way to: what ran before it, else the newest good one."""
        before = [it for it in self.all() if it.name == release.before and it.good]
        return before[0] if before else self.last_good(but=release.name)

    def all(self) -> list[Release]:
        """Every kept release, oldest first."""
        folders = sorted((self.folder / "releases").glob("*/release.json"))
        return [Release.load(path.parent) for path in folders]

    def add(
        self,
        compose: Mapping[str, Any],
        images: Mapping[str, str],
        commit: str,
        before: Release | None = None,
    ) -> Release:
        """Keep a new release: its compose file, and its images under a tag of their own.

        `before` runs now, and stays while older ones go.
        """
        made_at = datetime.now(UTC)
        # Part of a tag, which takes no "+" of an uncommitted change.
        name = f"{made_at:%Y%m%dT%H%M%S.%f}-{commit[:12].replace('+', '-changed')}"
        folder = self.folder / "releases" / name
        folder.mkdir(parents=True)
        text = json.dumps(compose, indent=2) + "\n"
        (folder / "compose.json").write_text(text, encoding="utf-8")
        release = Release(
            name,
            folder,
            images,
            commit,
            made_at.isoformat(timespec="seconds"),
            before=before.name if before else "",
        )
        for service, image in images.items():
            docker("tag", image, _tag(service, name))
        release.save()
        self._forget_all_but(release, before)
        return release

    def mark_verified(self, release: Release) -> None:
        """Remember that the whole verification passed on it."""
        replace(release, verified=True).save()
        self._forget_all_but(release)

    def mark_found(self, release: Release) -> Release:
        """Remember that it ran, healthy, without a deploy of ours."""
        marked = replace(release, found=True)
        marked.save()
        return marked

    def _forget_all_but(self, *needed: Release | None) -> None:
        """Keep the needed ones, a good one to go back to, and the newest, KEPT of all together."""
        kept = {release.name for release in needed if release}
        if good := self.last_good(but=needed[0].name if needed[0] else ""):
            kept.add(good.name)
        newest_first = [release.name for release in reversed(self.all())]
        others = [name for name in newest_first if name not in kept]
        kept |= set(others[: max(0, KEPT - len(kept))])
        for old in self.all():
            if old.name not in kept:
                self.drop(old)

    def drop(self, release: Release) -> None:
        """Forget a release; its images go when nothing else names them."""
        for service in release.images:
            try:
                docker("rmi", _tag(service, release.name))
            except EngineError:
                continue  # the tag is gone already, or a container still runs from it
        shutil.rmtree(release.folder)


def _tag(service: str, name: str) -> str:
    return f"{TAG_PREFIX}/{service}:{name}"

"""The releases of the product on this host: what runs, what ran before, and the lock around both.

They lie outside any checkout, since two checkouts deploy the same product:

    <state>/<project>/lock
    <state>/<project>/current                   name of the release that runs
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
    """One release. `verified`: verification passed on it, so it is worth going back to."""

    name: str
    folder: Path
    images: Mapping[str, str]
    commit: str
    made_at: str
    verified: bool = False

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

    def current(self) -> Release | None:
        """The release that was started last, or None."""
        pointer = self.folder / "current"
        if not pointer.is_file():
            return None
        folder = self.folder / "releases" / pointer.read_text(encoding="utf-8").strip()
        return Release.load(folder) if (folder / "release.json").is_file() else None

    def last_verified(self, *, but: str = "") -> Release | None:
        """The newest release that passed verification, other than `but`."""
        good = [release for release in self.all() if release.verified and release.name != but]
        return good[-1] if good else None

    def all(self) -> list[Release]:
        """Every kept release, oldest first."""
        folders = sorted((self.folder / "releases").glob("*/release.json"))
        return [Release.load(path.parent) for path in folders]

    def add(self, compose: Mapping[str, Any], images: Mapping[str, str], commit: str) -> Release:
        """Keep a new release: its compose file, and its images under a tag of their own."""
        made_at = datetime.now(UTC)
        # Part of a tag, which takes no "+" of an uncommitted change.
        name = f"{made_at:%Y%m%dT%H%M%S.%f}-{commit[:12].replace('+', '-changed')}"
        folder = self.folder / "releases" / name
        folder.mkdir(parents=True)
        text = json.dumps(compose, indent=2) + "\n"
        (folder / "compose.json").write_text(text, encoding="utf-8")
        release = Release(name, folder, images, commit, made_at.isoformat(timespec="seconds"))
        for service, image in images.items():
            docker("tag", image, _tag(service, name))
        release.save()
        return release

    def point_to(self, release: Release) -> None:
        """Say that this release runs now."""
        pointer = self.folder / "current"
        fresh = pointer.with_suffix(".new")
        fresh.write_text(release.name + "\n", encoding="utf-8")
        fresh.replace(pointer)

    def mark_verified(self, release: Release) -> None:
        """Remember that the whole verification passed on it, and forget the oldest releases."""
        replace(release, verified=True).save()
        kept = {kept.name for kept in self.all()[-KEPT:]} | {release.name}
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

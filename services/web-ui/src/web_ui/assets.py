"""Static files at addresses that change with their content: browsers may keep them for good."""

import hashlib
from pathlib import Path

from litestar.router import Router
from litestar.static_files import create_static_files_router

STATIC = Path(__file__).parent / "static"
PREFIX = "/static"


class Assets:
    """Addresses of the files below a folder."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._folder = folder
        self._urls: dict[str, str] = {}

    def url(self, name: str) -> str:
        """The address of a file, with a mark of its content."""
        if name not in self._urls:
            digest = hashlib.sha256((self._folder / name).read_bytes()).hexdigest()[:12]
            self._urls[name] = f"{PREFIX}/{name}?v={digest}"
        return self._urls[name]

    def router(self) -> Router:
        """Serves the files."""
        return create_static_files_router(
            path=PREFIX,
            directories=[self._folder],
            name="static",
            opt={"public": True},
        )

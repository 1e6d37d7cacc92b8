"""A mapping that is ready to be asked: its expressions are taken apart once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec
from jmespath.parser import ParsedResult
from pydantic import ValidationError

from alert_ingestion.formats.mapping import expressions
from alert_ingestion.formats.mapping.document import DEFAULT, Defaults, MappingDocument
from alert_ingestion.formats.mapping.ready import ready
from alert_ingestion.formats.reading import field_errors
from alert_ingestion.severity import normalised
from shared.contracts.wire import Severity

_SINGLE: Final = (
    *("items", "ignore", "message", "service", "severity", "fingerprint", "group"),
    *("resolved", "starts_at", "ends_at"),
)
_NAMED: Final = ("labels", "annotations", "links")


class NotMapped(ValueError):
    """A mapping can make nothing of what it was asked about; ``field`` is where it failed."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Compiled:
    """A mapping; ``single`` are its expressions by field, ``named`` those that names stand for."""

    single: Mapping[str, ParsedResult]
    named: Mapping[str, Mapping[str, ParsedResult]]
    decode: tuple[tuple[str, ...], ...]
    severities: Mapping[str, Severity]
    defaults: Defaults
    keep_rest: bool

    def ask(self, field: str, value: Any) -> Any:
        """What an expression finds in a value; None where there is no expression.

        Raises:
            NotMapped: it cannot be asked that.
        """
        expression = self.single.get(field)
        return None if expression is None else found(field, expression, value)


def found(field: str, expression: ParsedResult, value: Any) -> Any:
    """What an expression finds.

    Raises:
        NotMapped: it cannot be asked that.
    """
    try:
        result = expression.search(value)
    except Exception as error:  # somebody wrote it: whatever it stumbles over is for them to mend
        said = str(error).splitlines()
        raise NotMapped(field, said[0] if said else type(error).__name__) from error
    if not isinstance(result, _JSON):
        raise NotMapped(field, "finds an expression (&...), which is no value")
    return result


_JSON: Final = (str, int, float, bool, dict, list, type(None))


@lru_cache(maxsize=256)
def compiled(text: str | None) -> Compiled:
    """The mapping of a policy; the default one for None.

    Raises:
        NotMapped: it is none any more (a ready mapping that it starts from is gone).
    """
    try:
        written = MappingDocument.model_validate(
            DEFAULT if text is None else msgspec.json.decode(text)
        )
        if written.ready is not None:
            own = written.model_dump(exclude_none=True, exclude={"ready"})
            written = MappingDocument.model_validate({**ready()[written.ready].mapping, **own})
    except ValidationError as error:
        first = field_errors(error, "mapping")[0]
        raise NotMapped(first.field, first.message) from error
    return Compiled(
        single={
            field: expressions.parsed(expression)
            for field in _SINGLE
            if (expression := getattr(written, field)) is not None
        },
        named={
            field: {
                name: expressions.parsed(expression)
                for name, expression in (getattr(written, field) or {}).items()
            }
            for field in _NAMED
        },
        decode=tuple(tuple(path.split(".")) for path in written.decode or ()),
        severities={
            normalised(word): severity for word, severity in (written.severities or {}).items()
        },
        defaults=written.defaults or Defaults(),
        keep_rest=written.keep_rest is not False,
    )

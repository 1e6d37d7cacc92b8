"""What a PATCH may not take away."""

from pydantic import BaseModel

from shared.errors import FieldError, Invalid


def refuse_nulls(command: BaseModel, *fields: str) -> None:
    """Fields that may be left out of a command, but not be null.

    Raises:
        Invalid: the first of ``fields`` that was given as null.
    """
    for field in fields:
        if field in command.model_fields_set and getattr(command, field) is None:
            raise Invalid([FieldError(field, "cannot be null")])

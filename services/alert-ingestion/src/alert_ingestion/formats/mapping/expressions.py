"""JMESPath as mappings use it: checked when it is written, and bounded."""

import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Final

import jmespath
from jmespath.exceptions import EmptyExpressionError, LexerError, ParseError
from jmespath.functions import Functions
from jmespath.parser import ParsedResult

LONGEST: Final = 1_000
"""Characters of an expression."""


def parsed(expression: str) -> ParsedResult:
    """An expression that is ready to be asked.

    Raises:
        ValueError: it is none, and where.
    """
    try:
        with warnings.catch_warnings(action="error", category=PendingDeprecationWarning):
            result: ParsedResult = jmespath.compile(expression)
    except PendingDeprecationWarning:
        raise ValueError("holds a text in backticks that is no JSON: write 'text'") from None
    except EmptyExpressionError:
        raise ValueError("is an empty expression") from None
    except LexerError as error:
        raise ValueError(_at(error.lexer_position, error.message)) from None
    except ParseError as error:
        raise ValueError(_at(error.lex_position, error.msg)) from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except ValueError as error:  # a function with the wrong number of arguments, and the like
        raise ValueError(f"is no JMESPath expression: {str(error).splitlines()[0]}") from None
    unknown = [name for name in _functions(result.parsed) if name not in Functions.FUNCTION_TABLE]
    if unknown:
        raise ValueError(f"there is no function {unknown[0]}()")
    return result


def _at(position: int, message: str) -> str:
    return f"is no JMESPath expression: {message} at character {position + 1}"


def _functions(node: Mapping[str, Any]) -> Iterator[str]:
    """The names of the functions that an expression calls."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one["type"] == "function_expression":
            yield one["value"]
        waiting += one["children"]

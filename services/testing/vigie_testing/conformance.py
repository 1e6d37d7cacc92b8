"""Whether an application answers as its OpenAPI document says, whatever it is asked.

Requests are made up from the document: those that it allows, and those that it does not. Each
answer has to be of a status, a media type and a shape that the document names, and none is a 5xx.
The same requests are made at every run.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import assume, given
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from vigie_testing.generation import made_up
from vigie_testing.hosting import Hosted

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

HeadersFor = Callable[[str, str], Mapping[str, str]]
"""From a method and the template of a path to the headers that let a request in."""


def examine(
    hosted: Hosted,
    document: Mapping[str, Any],
    headers_for: HeadersFor,
    *,
    examples: int = 8,
    leave_out: Collection[str] = (),
) -> Counter[int]:
    """Ask every operation of ``document`` but those of the paths to leave out.

    How often each status was answered, so that a test can say that it was not all refusals.

    Raises:
        FailureGroup: an answer is not what the document says; the request is in the message.
    """
    answered: Counter[int] = Counter()
    schema = schemathesis.openapi.from_dict(dict(document))
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        if operation.path in leave_out:
            continue
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            strategy = operation.as_strategy(generation_mode=mode)
            _asked(hosted, strategy, headers_for, examples, answered)
    return answered


def _asked(
    hosted: Hosted,
    strategy: Any,
    headers_for: HeadersFor,
    examples: int,
    answered: Counter[int],
) -> None:
    @made_up(examples)
    @given(strategy)
    def ask(case: Any) -> None:
        asked = case.as_transport_kwargs(base_url="http://hosted.test")
        asked["headers"] = {
            **asked["headers"],
            **headers_for(case.operation.method, case.operation.path),
        }
        try:
            prepared = requests.Request(**asked).prepare()
            request = httpx.Request(
                prepared.method or "GET",
                prepared.url or "",
                headers={name: str(value) for name, value in prepared.headers.items()},
                content=_bytes(prepared.body),
            )
        except (requests.RequestException, httpx.InvalidURL, UnicodeError, ValueError):
            # No client could send it.
            assume(False)
        answer = hosted.client.send(request)
        answered[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    with contextlib.suppress(Unsatisfiable):
        # Of an operation that takes nothing, nothing can be asked that it does not allow.
        ask()


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else body or b""

"""Requests that no client would send: whatever stands in path, headers and query, never a 5xx.

They are handed over as a server does after parsing (an ASGI scope), so that nothing on the way
cleans them. The same ones are made at every run.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from urllib.parse import quote, unquote

from hypothesis import given
from hypothesis import strategies as st
from litestar import Litestar
from litestar.routes import HTTPRoute

from vigie_testing.generation import made_up
from vigie_testing.hosting import Answer, Hosted

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PURGE")
# What has broken servers before.
NASTY = (
    *("\x00", "%00", "a\x00b", "..", "../../etc/passwd", "....//", ".", "", " ", "\r\n", "\x7f"),
    *("%", "%zz", "%2e%2e%2f", "\ufffd", "\U0010ffff", "é", "a" * 300, "a" * 6000, "/" * 50),
    *("-1", "0", "9" * 30, "1e999", "NaN", "null", "true", "[]", "{}", "'", '"', "<script>", "\\"),
    *("INC-0", "INC-" + "9" * 20, "00000000-0000-0000-0000-000000000000", "0" * 32, "*", "?", "#"),
    *("2026-03-02T09:00:00", "2026-03-02T09:00:00+25:00", "0001-01-01T00:00:00Z", "24:61", "P1Y"),
)
HEADERS = (
    *(b"accept", b"accept-language", b"authorization", b"content-type", b"content-length"),
    *(b"content-encoding", b"cookie", b"expect", b"host", b"hx-current-url", b"hx-request"),
    *(b"if-modified-since", b"if-none-match", b"last-event-id", b"origin", b"range", b"referer"),
    *(b"sec-fetch-site", b"traceparent", b"transfer-encoding", b"x-csrf-token"),
    *(b"x-forwarded-for", b"x-request-id", b"", b"\xff"),
)
HEADER_VALUES = (
    *(b"", b"\xff\xfe", b"\x00", b"a" * 8000, b"Bearer", b"Bearer \xff", b"Basic /w==", b"Basic"),
    *(b"application/json", b"application/json; charset=\xff", b"text/plain; a=", b";", b","),
    *(b"multipart/form-data", b"multipart/form-data; boundary=\xff", b"-1", b"1" * 40, b"1, 2"),
    *(b"bytes=0-", b"bytes=-1", b"chunked", b"gzip", b"vigie_session=\xff; vigie_visit=\x00;;=;"),
    *(b"application/x-www-form-urlencoded", b"\xd9\xa3", b"00-" + b"0" * 32, b"en;q=x", b"=;=;="),
)
BODIES = (b"", b"{}", b"[]", b"\xff", b"a=1&csrf_token=%ff", b"[" * 2000, b"{" + b'"a":' * 500)

# Not made up where there is one, or it would hide what the request reaches.
_AUTHORIZATION = b"authorization"


def bombard(
    hosted: Hosted, app: Litestar, keys: Sequence[Mapping[str, str]] = (), *, examples: int = 250
) -> Counter[int]:
    """Send ``examples`` such requests, half of them with headers that let them in (``keys``).

    How often each status was answered.

    Raises:
        AssertionError: one was answered 5xx; the request is in the message.
    """
    routes = {
        route.path: sorted(route.methods) for route in app.routes if isinstance(route, HTTPRoute)
    }
    templates = sorted(routes)
    answered: Counter[int] = Counter()

    def check(answer: Answer) -> None:
        answered[answer.status] += 1
        assert answer.status < 500, (answer.status, answer.body[:500])

    @made_up(examples)
    @given(st.data())
    def send(data: st.DataObject) -> None:
        piece = st.one_of(st.sampled_from(NASTY), st.text(max_size=20))
        template = data.draw(st.sampled_from(templates))
        path = _path(data, template, piece)
        key = data.draw(st.sampled_from([{}, *keys]))
        check(
            hosted.ask(
                data.draw(st.sampled_from([*routes[template] * 4, *METHODS])),
                path,
                query=data.draw(_query(piece)),
                headers=[
                    *((name.lower().encode(), value.encode()) for name, value in key.items()),
                    *data.draw(_headers(bool(key))),
                ],
                body=data.draw(st.sampled_from(BODIES)),
            )
        )

    for template in templates:
        for piece in NASTY:
            # As the server does it: what is no UTF-8 is replaced.
            check(hosted.ask(path=unquote(quote(_filled(template, piece), errors="replace"))))
    send()
    return answered


def _filled(template: str, piece: str) -> str:
    parts = [piece if part.startswith("{") else part for part in template.split("/")]
    return "/".join(parts) if "{" in template else f"{template}/{piece}"


def _path(data: st.DataObject, template: str, piece: st.SearchStrategy[str]) -> str:
    if data.draw(st.integers(0, 3)) == 0:
        return "/" + data.draw(piece)
    parts = [data.draw(piece) if part.startswith("{") else part for part in template.split("/")]
    return "/".join(parts) or "/"


_NAMES = st.sampled_from(
    (
        *("limit", "cursor", "status", "severity", "team", "at", "since", "until", "window", "q"),
        *("next", "ended", "incident_id", "person", "schedule", "sort", "include_merged", "from"),
    )
)


def _query(piece: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    pairs = st.lists(st.tuples(_NAMES, piece), max_size=4)
    told = pairs.map(lambda given: "&".join(f"{name}={quote(value)}" for name, value in given))
    return st.one_of(told.map(str.encode), st.binary(max_size=60))


def _headers(known: bool) -> st.SearchStrategy[list[tuple[bytes, bytes]]]:
    names = st.sampled_from([name for name in HEADERS if not (known and name == _AUTHORIZATION)])
    values = st.one_of(st.sampled_from(HEADER_VALUES), st.binary(max_size=40))
    return st.lists(st.tuples(names, values), max_size=4)

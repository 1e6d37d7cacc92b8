import asyncio
import gzip
import logging
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import pytest
import structlog
from litestar import Litestar, Request, get, post
from litestar.params import JSONBody
from litestar.response import Stream
from litestar.testing import TestClient
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from pydantic import Field

from shared import logs, problems
from shared.app import UNCOMPRESSED, ServiceParts, assemble
from shared.auth import Authenticator, Caller, hash_token, requires, requires_service
from shared.contracts.identity import Principal, Role
from shared.contracts.wire import Command, Instant, Line
from shared.errors import Conflict, Unavailable

TOKENS = {
    "v": Principal(kind="token", id="1", name="a viewer", role=Role.VIEWER),
    "a": Principal(kind="person", id="2", name="an admin", role=Role.ADMIN),
}


class Directory:
    async def find(self, token: str) -> Principal | None:
        return TOKENS.get(token)


class Order(Command):
    name: Line
    count: Annotated[int, Field(ge=1)]
    at: Instant | None = None


@post("/orders", guards=[requires(Role.RESPONDER)])
async def order(data: JSONBody[Order], principal: Caller) -> dict[str, Any]:
    return {"name": data.name, "by": principal.name}


@get("/things", guards=[requires(Role.VIEWER)])
async def things() -> list[str]:
    return []


@post("/internal", guards=[requires_service("web-ui")])
async def internal() -> None: ...


@get("/conflict")
async def conflict() -> None:
    raise Conflict("It is resolved.", allowed=["note"])


@get("/bug")
async def bug() -> None:
    raise KeyError("the inner secret")


@post("/raw")
async def raw(request: Request[Any, Any, Any]) -> int:
    return len(await request.json())


class Neighbour:
    up = True

    async def check(self) -> None:
        if not self.up:
            raise Unavailable("The neighbour does not answer.")


@pytest.fixture
def neighbour() -> Neighbour:
    return Neighbour()


@pytest.fixture
def app(neighbour: Neighbour) -> Litestar:
    return assemble(
        ServiceParts(
            name="tests",
            description="For tests.",
            revision="abc",
            handlers=[order, things, internal, conflict, bug, raw],
            authenticator=Authenticator({"web-ui": hash_token("s")}, Directory()),
            ready={"neighbour": neighbour.check},
        )
    )


@pytest.fixture
def client(app: Litestar) -> Any:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["detail"]
    assert document["request_id"] == response.headers["x-request-id"]
    return document


def test_a_good_request_knows_who_sent_it(client: Any) -> None:
    answer = client.post("/orders", json={"name": "x", "count": 1}, headers=bearer("a"))
    assert (answer.status_code, answer.json()) == (201, {"name": "x", "by": "an admin"})


@pytest.mark.parametrize("headers", [{}, bearer("unknown"), {"Authorization": "Basic eDp5"}])
def test_nobody_known_is_401_and_says_how_to_authenticate(client: Any, headers: Any) -> None:
    answer = client.get("/things", headers=headers)
    problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_role_too_low_is_403_and_names_both(client: Any) -> None:
    answer = client.post("/orders", json={"name": "x", "count": 1}, headers=bearer("v"))
    assert "responder" in problem(answer, 403)["detail"]


def test_internal_routes_are_for_the_services_they_name(client: Any) -> None:
    problem(client.post("/internal", headers=bearer("a")), 403)
    assert client.post("/internal", headers=bearer("s")).status_code == 201


def test_a_service_is_only_a_viewer_on_public_routes(client: Any) -> None:
    assert client.get("/things", headers=bearer("s")).status_code == 200
    problem(client.post("/orders", json={"name": "x", "count": 1}, headers=bearer("s")), 403)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "count": 0}, "count"),
        ({"name": "x", "count": "many"}, "count"),
        ({"name": "x"}, "count"),
        ({"name": "a\x00b", "count": 1}, "name"),
        ({"name": "x", "count": 1, "at": "2026-01-01T00:00:00"}, "at"),
        ({"name": "x", "count": 1, "at": "0001-01-01T00:00:00+14:00"}, "at"),
        ({"name": "x", "count": 1, "at": "9999-12-31T23:59:59-14:00"}, "at"),
        ({"name": "x", "count": 1, "nmae": "typo"}, "nmae"),
    ],
)
def test_a_field_that_cannot_be_is_422_and_named(client: Any, body: Any, field: str) -> None:
    answer = client.post("/orders", json=body, headers=bearer("a"))
    assert [error["field"] for error in problem(answer, 422)["errors"]] == [field]


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b'{"name": "\xc3\x28", "count": 1}', b"[" * 200_000, b"NaN"]
)
@pytest.mark.parametrize("path", ["/orders", "/raw"])
def test_a_body_that_is_not_json_is_400(client: Any, body: bytes, path: str) -> None:
    headers = {**bearer("a"), "Content-Type": "application/json"}
    problem(client.post(path, content=body, headers=headers), 400)


def test_no_body_where_one_is_due_is_400_and_says_so(client: Any) -> None:
    answer = client.post("/orders", content=b"", headers=bearer("a"))
    assert "empty" in problem(answer, 400)["detail"]


def test_a_rule_of_our_own_is_told_as_the_sentence_it_is(client: Any) -> None:
    answer = client.post("/orders", json={"name": "a\x00b", "count": 1}, headers=bearer("a"))
    assert problem(answer, 422)["detail"] == "name: must not contain a NUL character"


def test_a_body_of_two_megabytes_is_413(client: Any) -> None:
    headers = {**bearer("a"), "Content-Type": "application/json"}
    problem(client.post("/raw", content=b" " * 2_000_000, headers=headers), 413)


def test_a_form_where_json_is_due_is_415_and_names_the_type(client: Any) -> None:
    answer = client.post("/orders", data={"name": "x"}, headers=bearer("a"))
    assert "application/json" in problem(answer, 415)["detail"]


def test_a_form_of_unknown_length_is_415_too(client: Any) -> None:
    answer = client.post(
        "/raw", content=iter([b"1"]), headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.request.headers["transfer-encoding"] == "chunked"
    assert "application/json" in problem(answer, 415)["detail"]


def test_a_compressed_body_is_415_and_says_so(client: Any) -> None:
    answer = client.post("/raw", content=gzip.compress(b"1"), headers={"Content-Encoding": "gzip"})
    assert "gzip" in problem(answer, 415)["detail"]


def test_other_failures_are_problems_too(client: Any) -> None:
    assert problem(client.get("/conflict"), 409)["allowed"] == ["note"]
    problem(client.get("/nowhere"), 404)
    problem(client.delete("/things"), 405)


def test_a_bug_tells_nothing_of_the_inside(client: Any) -> None:
    assert "secret" not in str(problem(client.get("/bug"), 500))


def test_health_does_not_depend_on_neighbours_and_ready_does(
    client: Any, neighbour: Neighbour
) -> None:
    assert client.get("/ready").json() == {"status": "ready", "checks": {"neighbour": "ok"}}
    neighbour.up = False
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"neighbour": "The neighbour does not answer."}
    assert client.get("/health").json()["status"] == "ok"


def series(client: Any, name: str) -> dict[tuple[str, str], float]:
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {
        (sample.labels["route"], sample.labels.get("status", "")): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name
    }


def test_every_route_has_a_zero_before_its_first_request(client: Any) -> None:
    assert series(client, "http_requests_total")["/things", "2xx"] == 0
    client.get("/things", headers=bearer("v"))
    assert series(client, "http_requests_total")["/things", "2xx"] == 1


def test_what_every_replica_shows_and_what_one_measures_are_asked_for_apart() -> None:
    async def collect() -> list[Metric]:
        return [GaugeMetricFamily("things_stored", "Rows.", value=3)]

    parts = ServiceParts(
        name="tests", description="", revision="abc", handlers=[things], collectors=[collect]
    )
    with TestClient(assemble(parts)) as client:
        whole = names(client, "/metrics")
        installation = names(client, "/metrics?part=installation")
        replica = names(client, "/metrics?part=replica")
        problem(client.get("/metrics?part=half"), 422)
    assert installation == {"things_stored", "database_up"}
    assert "http_requests" in replica
    assert "disk_free_bytes" in replica
    assert not installation & replica
    assert installation | replica == whole


def names(client: Any, path: str) -> set[str]:
    return {family.name for family in text_string_to_metric_families(client.get(path).text)}


def test_a_scanner_cannot_grow_the_metrics(client: Any) -> None:
    before = len(series(client, "http_requests_total"))
    for number in range(20):
        client.get(f"/scan/{number}")
    counted = series(client, "http_requests_total")
    assert counted["unmatched", "4xx"] == 20
    assert len(counted) == before + 1


def test_a_key_in_the_url_never_reaches_the_log(client: Any) -> None:
    with structlog.testing.capture_logs() as lines:
        client.get("/things?integration_key=hush&page=2", headers=bearer("v"))
    assert [line["query"] for line in lines if line["event"] == "request"] == [
        "integration_key=%2A%2A%2A&page=2"
    ]


@pytest.mark.parametrize(
    "query",
    [
        "Integration_Key=hush",
        "integration%5Fkey=hush",
        "integrationKey=hush",
        "api_key=hush",
        "page=2;integration_key=hush",
    ],
)
def test_a_key_under_a_misspelt_name_does_not_either(client: Any, query: str) -> None:
    with structlog.testing.capture_logs() as lines:
        client.get(f"/things?{query}", headers=bearer("v"))
    assert "hush" not in str(lines)


KEY = "k3y0" * 8
TWICE = "".join(f"%25{ord(letter):02x}" for letter in KEY)


@pytest.mark.parametrize(
    "address",
    [
        f"/things?integration_key={KEY}",
        f"/things?intergation={KEY}",
        f"/things?{KEY}",
        f"/things?{KEY}=1",
        f"/things?a=1;integration_key={KEY}",
        f"/things?a=1;{KEY}",
        f"/things?integration_key%3D{KEY}",
        f"/things?x=integration_key%3D{KEY}",
        f"/things?integration_key={TWICE}",
        f"/things?x={TWICE}",
        f"/things?x={KEY.upper()}",
        f"/things%3Fintegration_key={KEY}",
        f"/things%253Fintegration_key%253D{KEY}",
        f"/things;integration_key={KEY}",
        f"/things/{KEY}",
        f"/{KEY}",
        f"/{TWICE}/x",
        f"/things/integration_key/{KEY}",
        f"/things&integration_key={KEY}",
        f"/bug?trace={KEY}",
    ],
)
def test_a_key_in_an_address_is_in_no_line_and_no_answer(
    client: Any, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("tests", "info")
    try:
        answer = client.get(address, headers=bearer("v"))
    finally:
        structlog.reset_defaults()
    logged = "".join(capsys.readouterr())
    assert '"event": "request"' in logged
    for told in (logged, answer.text):
        assert KEY not in told
        assert KEY.upper() not in told


def test_a_key_in_a_header_is_in_no_line_either(client: Any) -> None:
    for name in ("X-Request-ID", "X-Integration-Key", "Referer", "User-Agent", "traceparent"):
        with structlog.testing.capture_logs() as lines:
            answer = client.get("/nowhere", headers={name: KEY})
        assert KEY not in str(lines)
        assert KEY not in answer.text


def test_a_proxys_request_id_is_kept(client: Any) -> None:
    given = "0123456789abcdef" * 2
    assert client.get("/health", headers={"X-Request-ID": given}).headers["x-request-id"] == given


def test_an_exception_that_holds_a_key_is_logged_without_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = ValueError(f"there is no {KEY}")
    logs.configure("tests", "info")
    try:
        structlog.get_logger().error("failed", exc_info=error)
        logging.getLogger("uvicorn.error").error("Exception about %s", KEY, exc_info=error)
    finally:
        structlog.reset_defaults()
    logged = "".join(capsys.readouterr())
    assert logged.count("ValueError: there is no ***") == 2
    assert KEY not in logged


def test_a_long_address_does_not_fill_the_log(client: Any) -> None:
    with structlog.testing.capture_logs() as lines:
        client.get("/" + "a/" * 3000 + "?" + "b=1&" * 3000)
    assert len(str(lines)) < 2000


def test_a_callers_request_id_and_trace_are_carried_on(client: Any) -> None:
    answer = client.get("/things", headers={**bearer("v"), "X-Request-ID": "mine-1"})
    assert answer.headers["x-request-id"] == "mine-1"
    answer = client.get("/things", headers={**bearer("v"), "X-Request-ID": "bad id\x7f"})
    assert answer.headers["x-request-id"] != "bad id\x7f"


def test_the_docs_page_needs_no_network(client: Any) -> None:
    page = client.get("/schema").text
    assert "/orders" in page
    assert "http://" not in page
    assert "https://" not in page
    assert client.get("/schema/openapi.json").json()["info"]["title"] == "Vigie tests"


def test_every_refusal_is_documented_as_a_problem(client: Any) -> None:
    document = client.get("/schema/openapi.json").json()
    answers = document["paths"]["/orders"]["post"]["responses"]
    for status in ("400", "401", "403", "409", "413", "415", "422"):
        schema = answers[status]["content"]["application/problem+json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/ProblemDocument"}
    assert "404" not in answers
    assert "401" not in document["paths"]["/health"]["get"]["responses"]


def test_a_body_that_says_it_is_too_large_is_413_before_anybody_is_asked(client: Any) -> None:
    for path in ("/orders", "/internal", "/raw"):
        problem(client.post(path, content=b"[]" * 800_000), 413)


async def test_a_failure_keeps_nothing_that_was_read_and_ends_nobody_elses_work() -> None:
    class Content:
        pass

    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    kept: list[weakref.ref[Content]] = []

    def read() -> None:
        content = Content()
        kept.append(weakref.ref(content))
        raise Conflict("It cannot be.")

    async def worker() -> str:
        try:
            read()
        except Conflict as error:
            failed.set_exception(error)
        await asyncio.sleep(0.05)
        return "went on"

    work = asyncio.create_task(worker())
    with pytest.raises(Conflict) as caught:
        await failed
    problems.forget(caught.value)
    assert kept[0]() is None
    assert await work == "went on"


@get("/long")
async def long() -> str:
    return "a line that is long enough\n" * 1000


@get("/endless", opt={UNCOMPRESSED: True})
async def endless() -> Stream:
    async def lines() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 2000
            await asyncio.sleep(3600)

    return Stream(lines())


@pytest.fixture
def answers() -> Iterator[TestClient[Litestar]]:
    parts = ServiceParts(
        "test",
        "a service",
        "rev",
        handlers=[long, endless],
    )
    with TestClient(assemble(parts)) as client:
        yield client


def test_a_long_answer_is_compressed_for_who_reads_that(answers: TestClient[Litestar]) -> None:
    packed = answers.get("/long", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < 1000
    assert "accept-encoding" in packed.headers["vary"].lower()
    plain = answers.get("/long", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == packed.text


def test_a_short_answer_is_left_as_it_is(answers: TestClient[Litestar]) -> None:
    assert "content-encoding" not in answers.get("/health").headers


def test_head_answers_what_get_would_without_the_content(answers: TestClient[Litestar]) -> None:
    for path in ("/health", "/long"):
        got, asked = answers.get(path), answers.head(path)
        assert asked.status_code == got.status_code == 200
        assert asked.headers["content-type"] == got.headers["content-type"]
        assert asked.content == b""
    assert answers.head("/nowhere").status_code == 404


def test_head_of_a_stream_ends(answers: TestClient[Litestar]) -> None:
    assert answers.head("/endless").status_code == 200

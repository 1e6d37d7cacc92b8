"""Reports: charts with tables behind them, CSV, and the load of people."""

import csv
import io
from typing import Any

import pytest
import showcase_reports
from showcase import ADA, fill
from web_ui_fakes import Visitor

from web_ui.pages.load import asked_of as load_asked
from web_ui.pages.reports import asked_of


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


async def test_a_report_is_charts_with_tables_behind_them(responder: Visitor) -> None:
    fill(responder.world)
    text = (await responder.get("/reports")).text
    assert text.count('<svg class="chart') == 6
    assert text.count("As a table") == 4
    assert "4 min 12 s before" in text
    assert '<small class="better">4 min 12 s before' in text
    assert '<small class="worse">1 h 5 min before' in text
    assert "checkout-api" in text
    assert "Nightly export to the warehouse is late" in text


async def test_it_is_asked_for_whole_days_of_the_reader_and_only_what_is_wanted(
    responder: Visitor,
) -> None:
    fill(responder.world)
    await responder.get("/reports?days=7&service=kafka&team=Data")
    asked = responder.world.reports.asked[-1].query
    assert asked == {
        "from": "2026-02-24T00:00:00+00:00",
        "until": responder.world.clock.now().isoformat(),
        "zone": "UTC",
        "team": "Data",
        "service": "kafka",
    }


@pytest.mark.parametrize("days", ["", "0", "31", "many", "-7", "²", "9" * 5000])
def test_a_window_that_is_not_offered_is_the_usual_one(days: str) -> None:
    assert asked_of({"days": days}).days == load_asked({"days": days}).days == 30


async def test_the_tables_are_files_that_no_spreadsheet_runs(responder: Visitor) -> None:
    world = responder.world
    report = showcase_reports.report(world)
    report["noisiest"][0]["title"] = "=1+1"
    world.reports.on("GET", "/api/v1/reports/incidents", report)
    answer = await responder.get("/reports.csv?part=noisiest")
    assert answer.headers["content-type"].startswith("text/csv")
    assert rows(answer.text) == [
        ["service", "title", "incidents", "alerts", "latest"],
        ["warehouse-export", "'=1+1", "9", "126", "INC-5"],
    ]
    days = rows((await responder.get("/reports.csv?part=days")).text)
    assert len(days) == 31
    hours = rows((await responder.get("/reports.csv?part=hours")).text)
    assert [len(hours), len(hours[1])] == [8, 25]
    assert rows((await responder.get("/reports.csv?part=services")).text)[1][0] == "checkout-api"
    assert (await responder.get("/reports.csv?part=secrets")).status_code == 404


async def test_the_load_stands_with_the_most_paged_first(responder: Visitor) -> None:
    fill(responder.world)
    text = (await responder.get("/reports/load?days=90")).text
    assert text.index("Ada Okafor</span>", text.index("By person")) < text.index("Jun Watanabe")
    assert "240 h" in text
    table = rows((await responder.get("/reports/load.csv")).text)
    assert table[0][:3] == ["person", "pages", "night_pages"]
    assert table[1][:3] == [ADA.name, "21", "5"]


async def test_a_quiet_month_says_so(responder: Visitor) -> None:
    world = responder.world
    quiet: dict[str, Any] = showcase_reports.report(world)
    for name in ("total", "previous"):
        quiet[name] = {}
    for each in quiet["by_day"]:
        each.update(created=0, resolved=0, mtta=showcase_reports.NONE, mttr=showcase_reports.NONE)
    quiet.update(by_service=[], noisiest=[], by_hour=[[0] * 24] * 7)
    world.reports.on("GET", "/api/v1/reports/incidents", quiet)
    text = (await responder.get("/reports")).text
    assert "No incident in this time." in text
    assert "before" not in text.split('class="headlines"')[1].split("</dl>")[0].replace(
        "0 before", ""
    )


@pytest.mark.parametrize("path", ["/reports", "/reports/load"])
async def test_a_report_that_cannot_be_asked_for_says_so(responder: Visitor, path: str) -> None:
    responder.world.reports.down = responder.world.configuration.down = True
    answer = await responder.get(path)
    assert answer.status_code == 200
    assert "This cannot be shown now" in answer.text


async def test_a_window_the_service_refuses_is_explained(responder: Visitor) -> None:
    for neighbour, path in (
        (responder.world.reports, "/api/v1/reports/incidents"),
        (responder.world.configuration, "/api/v1/reports/fairness"),
    ):
        neighbour.refuse("GET", path, 422, "The country is not known.")
    for page in ("/reports", "/reports/load?country=ZZ"):
        assert "The country is not known." in (await responder.get(page)).text

"""What /metrics counts of pages: whose, when, how grave, how late; and what says who is who."""

from typing import Any

from oncall_service.notifications.channels.base import Failed
from shared.identifiers import new_id

LOW = {"severity": "low"}


async def _page(oncall: Any) -> dict[str, float]:
    """Every series; counts of new texts are not held back."""
    oncall.database.query("UPDATE counters SET born_at = NULL")
    lines = (await oncall.client.get("/metrics")).text.splitlines()
    return {
        series: float(value)
        for series, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")
    }


async def _id(crew: Any, name: str) -> str:
    return str((await crew.ok("GET", f"/api/v1/people/{name}"))["id"])


def _hours(page: dict[str, float], person: str) -> tuple[float, float]:
    def counted(hours: str) -> float:
        [value] = [
            value
            for series, value in page.items()
            if series.startswith("oncall_pages_total{")
            and all(
                part in series
                for part in (f'person_id="{person}"', f'hours="{hours}"', 'team="Payments"')
            )
        ]
        return value

    return counted("in"), counted("out")


async def test_a_page_counts_in_or_out_of_a_persons_hours_and_by_severity(
    crew: Any, incident_event: Any
) -> None:
    ada = await _id(crew, "Ada")
    await crew.hear(incident_event(id=str(new_id())))
    page = await _page(crew)
    assert _hours(page, ada) == (1, 0), "Monday, in office hours"
    assert page['oncall_paged_total{severity="critical"}'] == 1
    assert page['oncall_paged_total{severity="low"}'] == 0
    hours = [{"days": ["tue"], "start": "09:00", "end": "17:00"}]
    await crew.ok("PATCH", "/api/v1/people/ada", json={"working_hours": hours})
    await crew.hear(incident_event(id=str(new_id()), severity="high"))
    assert _hours(await _page(crew), ada) == (1, 1), "her own hours are on Tuesday"
    await crew.hear(incident_event(id=str(new_id()), **LOW))
    assert _hours(await _page(crew), ada) == (2, 1), "it is owed within them"


async def test_a_person_is_an_id_in_counts_and_has_a_name_once(
    crew: Any, incident_event: Any
) -> None:
    ada = await _id(crew, "Ada")
    await crew.hear(incident_event())
    page = await _page(crew)
    assert page[f'oncall_person_info{{person="Ada",person_id="{ada}"}}'] == 1
    named = {series.partition("{")[0] for series in page if "Ada" in series}
    assert named == {"oncall_person_info", "oncall_current"}


async def test_what_was_counted_of_somebody_goes_with_them(crew: Any, incident_event: Any) -> None:
    ben = await _id(crew, "Ben")
    crew.clock.advance(days=7)
    await crew.hear(incident_event())
    assert _hours(await _page(crew), ben) == (1, 0)
    await crew.hear(incident_event("resolved", 2))
    layers = [{"name": "Weekly", "participants": ["Ada"], "start": "2026-03-02T09:00:00"}]
    await crew.ok(
        "PATCH", "/api/v1/schedules/Payments", json={"layers": layers, "effective": "now"}
    )
    await crew.ok("DELETE", "/api/v1/people/Ben")
    assert not [series for series in await _page(crew) if ben in series]
    assert await crew.app.state.engines["housekeeping"].cycle()
    left = crew.database.query("SELECT labels FROM counters WHERE name LIKE 'oncall_pages%%'")
    assert not [labels for (labels,) in left if ben in labels]


async def test_a_message_is_measured_from_when_it_was_due_to_when_it_was_sent(
    crew: Any, incident_event: Any
) -> None:
    crew.phones.answers = [Failed("answered 503", retry=True)]
    await crew.hear(incident_event())
    sending = crew.app.state.engines["sending"]
    crew.clock.advance(seconds=2)
    await sending.cycle()
    crew.clock.advance(seconds=10)
    await sending.cycle()
    page = await _page(crew)
    assert page['oncall_notification_seconds_sum{channel="log"}'] == 12
    assert page['oncall_notification_seconds_bucket{channel="log",le="10"}'] == 0
    assert page['oncall_notification_seconds_bucket{channel="log",le="15"}'] == 1
    assert page['oncall_notification_seconds_count{channel="webhook"}'] == 0


async def test_waiting_on_purpose_is_not_late_and_nobody_waits_for_tests_and_news(
    crew: Any, incident_event: Any
) -> None:
    hours = [{"days": ["tue"], "start": "09:00", "end": "17:00"}]
    await crew.ok("PATCH", "/api/v1/people/ada", json={"working_hours": hours})
    await crew.hear(incident_event(**LOW))
    crew.clock.advance(days=1, minutes=1)
    await crew.app.state.engines["sending"].cycle()
    first = await _page(crew)
    assert first['oncall_notification_seconds_count{channel="log"}'] == 1
    assert first['oncall_notification_seconds_sum{channel="log"}'] == 60
    await crew.hear(incident_event("resolved", 2, **LOW))
    crew.clock.advance(minutes=5)
    method = (await crew.ok("GET", "/api/v1/people/ada"))["contact_methods"][0]["id"]
    await crew.ok("POST", f"/api/v1/people/ada/contact-methods/{method}/test")
    for _ in range(3):
        await crew.app.state.engines["sending"].cycle()
        crew.clock.advance(minutes=1)
    assert crew.database.query("SELECT DISTINCT outcome FROM notifications") == [("sent",)]
    assert (await _page(crew))['oncall_notification_seconds_count{channel="log"}'] == 1


async def test_what_goes_out_in_a_bundle_is_counted_apart(crew: Any, incident_event: Any) -> None:
    await crew.hear(*(incident_event(id=str(new_id()), **LOW) for _ in range(9)))
    await crew.tick()
    await crew.tick(seconds=5)
    page = await _page(crew)
    sent = page['oncall_notifications_sent_total{channel="log",outcome="sent"}']
    assert sent == 9
    [(alone,)] = crew.database.query("SELECT count(*) FROM notifications WHERE bundle_id = id")
    assert page["oncall_notifications_bundled_total"] == sent - alone > 0


async def test_a_gap_ahead_is_told_before_it_comes(crew: Any) -> None:
    series = 'oncall_gap_ahead_seconds{team="Payments"}'
    assert series not in await _page(crew)
    assert 'oncall_gap_ahead_seconds{team="Catch-all"}' not in await _page(crew)
    layers = [
        {
            "name": "Weekly",
            "participants": ["Ada"],
            "start": "2026-03-02T09:00:00",
            "hours": [{"days": ["mon"], "start": "09:00", "end": "18:00"}],
        }
    ]
    await crew.ok(
        "PATCH", "/api/v1/schedules/Payments", json={"layers": layers, "effective": "now"}
    )
    crew.clock.advance(minutes=1)
    assert (await _page(crew))[series] == 8 * 3600 - 60, "at 18:00 in Paris"
    crew.clock.advance(seconds=30)
    assert (await _page(crew))[series] == 8 * 3600 - 90, "remembered, and nearer"
    crew.clock.advance(hours=9)
    assert (await _page(crew))[series] == 0


async def test_the_address_of_the_installation_is_told(crew: Any) -> None:
    assert (await _page(crew))['vigie_installation_info{web_ui_url="https://vigie.example"}'] == 1

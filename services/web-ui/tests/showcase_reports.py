"""A month of figures, as incident-management and oncall-service report them."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from web_ui_fakes import World

NONE = {"count": 0, "mean_seconds": None, "p50_seconds": None, "p95_seconds": None}


def fill(world: "World", people: list[Any]) -> None:
    """Reports over thirty days, and what duty has cost these people."""
    world.reports.on("GET", "/api/v1/reports/incidents", report(world))
    world.configuration.on("GET", "/api/v1/reports/fairness", fairness(world, people))


def report(world: "World") -> dict[str, Any]:
    """Busy in the mornings, quiet on weekends, one bad day."""
    now = world.clock.now()
    days = [now - timedelta(days=back) for back in range(29, -1, -1)]
    created = [(at.day * 7) % 5 + (9 if at.day == 13 else 0) for at in days]
    return {
        "since": days[0].isoformat(),
        "until": now.isoformat(),
        "zone": "UTC",
        "total": tally(sum(created), 214.0, 4100.0),
        "previous": tally(sum(created) + 12, 252.0, 3900.0),
        "by_day": [
            {
                "day": at.date().isoformat(),
                "created": count,
                "resolved": count,
                "mtta": durations(count, 120.0 + 9 * (at.day % 7)) if count else NONE,
                "mttr": durations(count, 2400.0 + 300 * (at.day % 5)) if count else NONE,
            }
            for at, count in zip(days, created, strict=True)
        ],
        "by_service": [
            {
                "service": name,
                "created": count,
                "mtta": durations(count, 60.0 * (place + 1)),
                "mttr": durations(count, 1800.0 * (place + 1)),
            }
            for place, (name, count) in enumerate(
                (("checkout-api", 31), ("kafka", 14), ("warehouse-export", 9), ("edge", 4))
            )
        ],
        "by_hour": [
            [(hour * (line + 3)) % 7 if 6 < hour < 20 and line < 5 else 0 for hour in range(24)]
            for line in range(7)
        ],
        "mtta": buckets((30, 60, 120, 300, 600, 1800), (4, 13, 22, 11, 5, 2, 1)),
        "mttr": buckets((300, 900, 1800, 3600, 14400, 86400), (3, 9, 14, 17, 11, 3, 1)),
        "noisiest": [
            {
                "service": "warehouse-export",
                "correlation_key": "nightly",
                "title": "Nightly export to the warehouse is late",
                "number": 5,
                "incidents": 9,
                "alerts": 126,
            }
        ],
    }


def tally(created: int, mtta: float, mttr: float) -> dict[str, Any]:
    """The total of a window."""
    return {
        "created": created,
        "resolved": created,
        "never_acknowledged": 3,
        "mtta": durations(created, mtta),
        "mttr": durations(created, mttr),
    }


def durations(count: int, mean: float) -> dict[str, Any]:
    """A distribution around a mean."""
    spread = {"p50_seconds": mean * 0.8, "p95_seconds": mean * 3}
    return {"count": count, "mean_seconds": mean, **spread}


def buckets(bounds: tuple[float, ...], counts: tuple[int, ...]) -> list[dict[str, Any]]:
    """A histogram; the last bucket has no bound."""
    return [
        {"up_to": bound, "count": count}
        for bound, count in zip((*bounds, None), counts, strict=True)
    ]


def fairness(world: "World", people: list[Any]) -> dict[str, Any]:
    """Each carried another share."""
    now = world.clock.now()
    return {
        "start": (now - timedelta(days=29)).isoformat(),
        "end": now.isoformat(),
        "team": None,
        "country": None,
        "people": [
            {
                "person": {"id": str(one.id), "name": one.name},
                "pages": 21 - 6 * place,
                "night_pages": 5 - place,
                "weekend_pages": 4 - place,
                "out_of_hours_pages": 9 - 2 * place,
                "holiday_pages": None,
                "primary_hours": 240.0 - 48 * place,
                "secondary_hours": 168.0,
                "night_hours": 81.0,
                "weekend_hours": 48.0,
            }
            for place, one in enumerate(people)
        ],
    }

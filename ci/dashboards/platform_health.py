"""Platform Health: whether Vigie itself works. It has no filter: none would act on every panel."""

from dashboards import looks
from dashboards.board import Board
from dashboards.panels import About, Asked, bars, lines, ranking, sheet, tile
from dashboards.queries import gained_from, passing, rate, select, total

# What machines ask, and what is open for as long as somebody looks.
_NOT_MACHINES = 'route!~"/health|/ready|/metrics"'
_NOT_STREAMS = 'route!~"/health|/ready|/metrics|/events|/api/v1/events"'
_REPLICAS = 'job="vigie-replicas"'
_ERRORS, _REFUSALS = 'status="5xx"', 'status="4xx"'


def _percentile_of_requests(*by: str) -> str:
    buckets = rate("http_request_duration_seconds_bucket", [_NOT_STREAMS], *by, "le")
    return f"histogram_quantile(0.95, {buckets})"


_GLANCE = [
    tile(
        About("Services up", "Of the four services, how many answer Prometheus."),
        'sum(up{job="vigie"})',
        good=((3, "orange"), (4, "green")),
    ),
    tile(
        About("Database", "1 while the database answers.", empty="no service says"),
        "min(database_up)",
        good=((1, "green"),),
    ),
    tile(
        About("Oldest owed", "How long the oldest message between services has waited.", "s"),
        "max(outbox_oldest_age_seconds)",
        steps=((30, "yellow"), (120, "red")),
    ),
    tile(
        About("Dead letters", "Messages that were given up on; services/outbox.sh replays them."),
        "sum(outbox_dead)",
        steps=((1, "red"),),
    ),
    tile(
        About(
            "Canary",
            "How long ago the platform last walked an alert of its own to a page and back.",
            "s",
            empty="no walk yet",
        ),
        "time() - (canary_last_success_timestamp_seconds > 0)",
        steps=((900, "orange"), (1800, "red")),
    ),
    tile(
        About("Alerts on Vigie", "What Prometheus says is wrong with the platform itself."),
        'sum(ALERTS{alertstate="firing",alertname!="Watchdog"}) or vector(0)',
        steps=((1, "orange"), (5, "red")),
    ),
]

_REQUESTS = [
    lines(
        About("Requests", "Requests answered, health checks and scrapes left out.", "reqps"),
        Asked(rate("http_requests_total", [_NOT_MACHINES], "service"), "{{service}}"),
    ),
    lines(
        About("Errors", "Share of requests answered with a 5xx.", "percentunit"),
        Asked(
            f"{rate('http_requests_total', [_NOT_MACHINES, _ERRORS], 'service')}"
            f" / ({rate('http_requests_total', [_NOT_MACHINES], 'service')} > 0)",
            "{{service}}",
        ),
    ),
    lines(
        About("Duration, p95", "95 of 100 requests took no longer.", "s"),
        Asked(_percentile_of_requests("service"), "{{service}}"),
    ),
    lines(
        About("Slowest routes, p95", "The ten routes with the slowest 95th percentile.", "s"),
        Asked(
            f"topk(10, {_percentile_of_requests('service', 'method', 'route')} > 0)",
            "{{service}} {{method}} {{route}}",
        ),
        width=12,
    ),
    lines(
        About("Refused requests", "Requests answered with a 4xx, by route.", "reqps"),
        Asked(
            f"{rate('http_requests_total', [_NOT_MACHINES, _REFUSALS], 'service', 'route')}" " > 0",
            "{{service}} {{route}}",
        ),
        width=12,
    ),
]

_DELIVERY = [
    lines(
        About("Owed to people", "Notifications that are due and not sent.", link=looks.MESSAGES),
        Asked("max(notifications_pending)", "due"),
        Asked("max(notifications_waiting)", "not due yet"),
        width=6,
    ),
    lines(
        About(
            "Owed to sent, p95",
            "From when a notification was owed to when it was sent; 95 of 100 took no longer.",
            "s",
            link=looks.MESSAGES,
        ),
        Asked(
            passing(0.95, "oncall_notification_seconds", "15m", "channel"),
            "{{channel}}",
        ),
        width=6,
    ),
    bars(
        About(
            "Notifications failed",
            "Notifications that were given up, from each bar to the next.",
            link=looks.MESSAGES,
        ),
        Asked(
            total(
                gained_from(select("oncall_notifications_sent_total", 'outcome="failed"')),
                "channel",
            ),
            "{{channel}}",
        ),
        width=6,
    ),
    bars(
        About(
            "Sent in bundles",
            "Notifications that went out together with others, as in a storm.",
            link=looks.MESSAGES,
        ),
        Asked(total(gained_from("oncall_notifications_bundled_total")), "bundled"),
        width=6,
    ),
    lines(
        About("Canary, p95", "From a canary's alert to its page, and to its end.", "s"),
        Asked(
            passing(0.95, "canary_seconds", "1h", "step"),
            "{{step}}",
        ),
        width=6,
    ),
    bars(
        About("Canary's walks", "Walks that came to an end, from each bar to the next."),
        Asked(total(gained_from("canary_walks_total"), "outcome"), "{{outcome}}"),
        width=6,
    ),
    bars(
        About(
            "Alerts refused",
            "Requests of senders that were refused, by integration and reason.",
        ),
        Asked(
            total(gained_from("alerts_refused_total"), "integration", "reason"),
            "{{integration}} {{reason}}",
        ),
        width=6,
    ),
    ranking(
        About(
            "Leads nowhere",
            "What between services and people leads to nobody within 30 days, as of the last "
            "hourly look. Broken: nobody of a policy can be asked; weak: a part of it.",
            link=looks.ON_CALL,
        ),
        *(
            Asked(f'max by (level) (oncall_coverage_holes{{level="{level}"}})', level)
            for level in ("broken", "weak")
        ),
        name="${__field.labels.level}",
    ),
]

_WORK = [
    lines(
        About("Outbox", "Messages between services that are not yet delivered."),
        Asked(total("outbox_depth", "service", "topic"), "{{service}} to {{topic}}"),
        width=6,
    ),
    lines(
        About("Delivered", "Messages delivered.", "ops"),
        Asked(
            total("rate(outbox_delivered_total[$__rate_interval])", "service", "topic"),
            "{{service}} to {{topic}}",
        ),
        width=6,
    ),
    lines(
        About("Oldest message", "How long the oldest message has waited.", "s"),
        Asked("max by (service, topic) (outbox_oldest_age_seconds)", "{{service}} to {{topic}}"),
        width=6,
    ),
    lines(
        About("Engines", "Since the last good cycle of each engine.", "s"),
        Asked("min by (service, engine) (engine_cycle_age_seconds)", "{{service}} {{engine}}"),
        width=6,
    ),
]

_SATURATION = [
    lines(
        About("CPU", "Processor cores in use."),
        Asked(rate("process_cpu_seconds_total", [_REPLICAS], "service"), "{{service}}"),
        width=6,
    ),
    lines(
        About("Memory", "Resident memory.", "bytes"),
        Asked(total(select("process_resident_memory_bytes", _REPLICAS), "service"), "{{service}}"),
        width=6,
    ),
    lines(
        About("Open files", "File descriptors in use, connections among them."),
        Asked(total(select("process_open_fds", _REPLICAS), "service"), "{{service}}"),
        width=6,
    ),
    lines(
        About("Disk in use", "Of the disk on which each service runs.", "percentunit"),
        Asked("1 - min by (service) (disk_free_bytes / disk_size_bytes)", "{{service}}"),
        width=6,
        top=1,
    ),
]

_DATABASE = [
    lines(
        About("Connections", "Client connections to PostgreSQL, by state, and what it allows."),
        Asked("sum by (state) (postgres_connections)", "{{state}}"),
        Asked("max(postgres_connections_max)", "limit"),
    ),
    lines(
        About("Transactions", "Transactions that ended.", "ops"),
        Asked(
            total("rate(postgres_transactions_total[$__rate_interval])", "outcome"), "{{outcome}}"
        ),
    ),
    lines(
        About("Cache hits", "Share of blocks that shared buffers answered.", "percentunit"),
        Asked(
            "sum(rate(postgres_block_hits_total[$__rate_interval])) / "
            "((sum(rate(postgres_block_hits_total[$__rate_interval])) + "
            "sum(rate(postgres_block_reads_total[$__rate_interval]))) > 0)",
            "hits",
        ),
        top=1,
    ),
    lines(
        About("Longest transaction", "Age of the oldest transaction under way.", "s"),
        Asked("max(postgres_longest_transaction_seconds)", "longest"),
        width=6,
    ),
    lines(
        About("Lock waits", "Sessions that wait for a lock."),
        Asked("max(postgres_lock_waiters)", "waiting"),
        width=6,
    ),
    bars(
        About("Deadlocks", "Deadlocks that were ended, from each bar to the next."),
        Asked(total(gained_from("postgres_deadlocks_total")), "deadlocks"),
        width=6,
    ),
    lines(
        About("Size", "The database on disk.", "bytes"),
        Asked("max(postgres_database_size_bytes)", "database"),
        width=6,
    ),
]

_FEW = "too few requests"

_PROMISES = [
    ranking(
        About(
            "Availability, budget left",
            "What is left of 30 days' 0.1 % of requests that may fail; from 1,000 requests on.",
            "percentunit",
            empty=_FEW,
        ),
        Asked("sort(service:availability_budget:remaining30d)", "{{service}}"),
        name="${__field.labels.service}",
    ),
    ranking(
        About(
            "Latency, budget left",
            "What is left of 30 days' 1 % of requests that may take over half a second; from 1,000 "
            "requests on.",
            "percentunit",
            empty=_FEW,
        ),
        Asked("sort(service:latency_budget:remaining30d)", "{{service}}"),
        name="${__field.labels.service}",
    ),
    lines(
        About(
            "Burn rate, errors",
            "How fast the budget of errors is used up: at 1 it lasts 30 days, at 14.4 two days.",
        ),
        Asked("service:http_errors:ratio_rate1h / 0.001", "{{service}}"),
        width=12,
    ),
    sheet(
        About("What Prometheus says", "Alerts about the platform that fire now."),
        {
            "Firing": (
                'max by (alertname, severity) (ALERTS{alertstate="firing",alertname!="Watchdog"})',
                "short",
            )
        },
        key=["severity", "alertname"],
        width=24,
        height=7,
    ),
]

BOARD = Board(
    uid="vigie-platform-health",
    title="Platform Health",
    says=(
        "Whether Vigie itself works: requests, delivery to people, what is owed, saturation, the "
        "database, and its promises."
    ),
    span="6h",
    filters=[],
    rows=[
        ("At a glance", _GLANCE),
        ("Requests", _REQUESTS),
        ("Delivery to people", _DELIVERY),
        ("Outbox and engines", _WORK),
        ("Saturation", _SATURATION),
        ("Database", _DATABASE),
        ("Promises of the platform", _PROMISES),
    ],
    tags=("vigie", "platform"),
)

from oncall_service.access import audit_routes as audit
from oncall_service.access import routes as access
from oncall_service.coverage import routes as coverage
from oncall_service.notifications import routes as notifications
from oncall_service.paging import foresight_routes as foresight
from oncall_service.paging import routes as paging
from oncall_service.people import routes as people
from oncall_service.policies import routes as policies
from oncall_service.reports import routes as reports
from oncall_service.schedules import feed_routes as feeds
from oncall_service.schedules import oncall_routes as oncall
from oncall_service.schedules import routes as schedules
from oncall_service.schedules import swap_routes as swaps
from oncall_service.teams import routes as teams

ROUTERS = [
    access.router,
    access.internal_router,
    audit.router,
    people.router,
    teams.team_router,
    teams.service_router,
    schedules.schedule_router,
    schedules.override_router,
    swaps.router,
    reports.router,
    feeds.feed_router,
    feeds.calendar_router,
    policies.router,
    oncall.router,
    paging.router,
    paging.internal_router,
    foresight.router,
    coverage.router,
    notifications.router,
]

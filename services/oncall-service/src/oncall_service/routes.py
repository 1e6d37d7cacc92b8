from oncall_service.access import routes as access
from oncall_service.paging import internal
from oncall_service.paging import routes as escalations
from oncall_service.people import routes as people
from oncall_service.policies import routes as policies
from oncall_service.schedules import oncall_routes as oncall
from oncall_service.schedules import routes as schedules
from oncall_service.teams import routes as teams

ROUTERS = [
    access.router,
    people.router,
    teams.team_router,
    teams.service_router,
    schedules.schedule_router,
    schedules.override_router,
    policies.router,
    oncall.router,
    escalations.router,
    internal.router,
]

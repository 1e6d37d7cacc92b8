from oncall_service.routes import (
    access,
    escalations,
    internal,
    oncall,
    people,
    policies,
    schedules,
    teams,
)

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

from incident_management.routes import figures, incidents, internal, reports

ROUTERS = [incidents.router, figures.router, reports.router, internal.router]

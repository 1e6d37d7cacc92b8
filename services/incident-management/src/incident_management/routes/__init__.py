from incident_management.routes import figures, incidents, internal

ROUTERS = [incidents.router, figures.router, internal.router]

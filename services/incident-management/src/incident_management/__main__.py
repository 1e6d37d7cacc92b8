from incident_management.app import NAME, create_app
from incident_management.settings import IncidentManagementSettings
from shared.server import serve

if __name__ == "__main__":
    serve(NAME, create_app, IncidentManagementSettings)

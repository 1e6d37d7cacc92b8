from alert_ingestion.app import SERVICE, create_app
from alert_ingestion.settings import AlertIngestionSettings
from shared.server import serve

if __name__ == "__main__":
    serve(SERVICE, create_app, AlertIngestionSettings)

from oncall_service.app import NAME, create_app
from oncall_service.settings import OncallSettings
from shared.server import serve

if __name__ == "__main__":
    serve(NAME, create_app, OncallSettings)

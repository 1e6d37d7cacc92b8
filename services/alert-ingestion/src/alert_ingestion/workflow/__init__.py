"""Use cases, one transaction each; see alert_ingestion.store.locks for who waits for whom."""

"""All SQL of the service; the tables are in alert_ingestion.tables."""

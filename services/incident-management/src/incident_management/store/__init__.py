"""All SQL of incident-management."""

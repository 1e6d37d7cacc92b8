"""CloudEvents 1.0 over HTTP, in all three of its modes."""

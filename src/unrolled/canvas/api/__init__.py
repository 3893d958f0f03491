"""Canvas over its REST API."""

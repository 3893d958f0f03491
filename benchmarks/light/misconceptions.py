"""The light notebook has no catalogue."""

"""Data and texts that the lessons use."""

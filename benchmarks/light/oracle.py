"""The light notebook's tests need no oracle."""

"""Lesson texts: read, checked, and turned into notebooks and back."""

"""Views of results for people: tables and progress."""

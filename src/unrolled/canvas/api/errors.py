"""What is raised when Canvas could not do it; loading it loads no network library."""


class CanvasFailedError(Exception):
    """Canvas could not do it, now: what was wrong and what to do, without a token."""

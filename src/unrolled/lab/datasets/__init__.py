"""Data and texts that the lessons use."""

__all__ = [
    "corpora",
    "digits",
    "encoding",
    "number_words",
    "published_losses",
    "reviews",
    "signals",
    "timing_trace",
]

"""Submissions that are more alike than the class explains: a reason to look."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.similar.build import build_similar_report
    from unrolled.similar.model import SimilarReport
    from unrolled.similar.names import hide_pair_names
    from unrolled.similar.pages import render_pairs_page
else:
    __getattr__ = open_late(__name__)

__all__ = [
    "SimilarReport",
    "build_similar_report",
    "hide_pair_names",
    "render_pairs_page",
]

"""Grading: rebuild a submission, run it in a process of its own, judge it outside."""

"""`unrolled verify`: made submissions through the grading path."""

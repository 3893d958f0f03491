"""Feedback pages: made safe, with formulas, with the facts at their head."""

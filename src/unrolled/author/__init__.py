"""Lesson texts to notebooks, and the proof that their tests are right."""

"""The judge's side of one student's process."""

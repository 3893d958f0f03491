"""What crosses between a student's process and the judge."""

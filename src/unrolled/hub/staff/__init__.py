"""The servers of assistants and instructors: what each lets through."""

"""course.toml: what it says, and the paths of a course folder."""

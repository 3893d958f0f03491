"""From a clone of the course to a hub that answers, and down again."""

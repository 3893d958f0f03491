"""The hub's side of nbgrader's exchange: what is collected, and how it is read."""

"""The page on which a class is collected and graded."""

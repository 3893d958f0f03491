"""nbgrader's database: the only place that speaks its schema."""

"""`unrolled hub check`: whether a running hub is as it should be."""

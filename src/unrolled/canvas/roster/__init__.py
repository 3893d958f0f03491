"""Who is in the class, by Canvas's lists."""

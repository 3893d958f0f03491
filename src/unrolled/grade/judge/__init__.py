"""Every check against a student's functions, and why one fails."""

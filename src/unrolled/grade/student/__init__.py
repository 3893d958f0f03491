"""What runs inside a student's process; it knows the protocol and the sandbox only."""

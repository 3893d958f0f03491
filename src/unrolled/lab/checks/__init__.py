"""What visible and hidden checks compare with, and what they say of a difference."""

"""What an assignment is made of: its cells, its material, its reference, its catalogue."""

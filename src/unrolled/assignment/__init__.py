"""What an assignment is made of: cells, material, reference, catalogue."""

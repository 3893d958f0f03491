"""The gradebook file that Canvas exports and takes back."""

"""Networks and experiments that the lessons show ready-made."""

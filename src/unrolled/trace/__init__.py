"""`unrolled trace`: record how long training steps take on this machine."""

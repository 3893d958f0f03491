"""The command line: options only."""

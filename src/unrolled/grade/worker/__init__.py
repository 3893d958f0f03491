"""Where student code runs: a fresh process, or a fork of a warm one."""

"""A JupyterHub for the course: `unrolled hub`, on one machine in one command."""

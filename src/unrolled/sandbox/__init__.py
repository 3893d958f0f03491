"""Processes for untrusted code: warm, forked, and shut off from everything else."""

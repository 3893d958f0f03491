"""Oracles cross-checked with witnesses: how far they differ, what each stands on."""

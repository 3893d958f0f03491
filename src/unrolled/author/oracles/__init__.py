"""Oracles cross-checked with witnesses: how far they differ, what each stands on."""

from unrolled.author.oracles.cross_check import CrossCheck
from unrolled.author.oracles.table import load_cross_checks, write_oracle_table

__all__ = ["CrossCheck", "load_cross_checks", "write_oracle_table"]

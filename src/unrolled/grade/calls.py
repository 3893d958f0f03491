"""Recorded calls of a student's functions: the evidence behind a hint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unrolled.grade.copies import separate_copy


@dataclass
class Call:
    """One recorded call of a student's function.

    `before` and `after` are the arguments as they were and as the call left
    them (None if they cannot be copied); `error` is the name of the built-in
    type of the exception, if one was raised.
    """

    name: str
    before: tuple[tuple[Any, ...], dict[str, Any]] | None
    after: tuple[Any, ...] | None = None
    result: Any = None
    error: str | None = None


def copied(args: Any, kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    try:
        return separate_copies(args, kwargs)
    except Exception:
        return None


def separate_copies(args: Any, kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Copies of the arguments that share nothing with each other, as they travel."""
    copies = tuple(map(separate_copy, args))
    return copies, {key: separate_copy(value) for key, value in kwargs.items()}


def changed_copies(before: Any, changes: Any) -> tuple[Any, ...] | None:
    """The arguments as the call left them, on copies that share nothing."""
    if before is None:
        return None
    args = list(separate_copies(*before)[0])
    apply_changes(args, changes)
    return tuple(args)


def apply_changes(args: list[Any], changes: Any) -> None:
    """Copy the arrays that the student changed in place back into the arguments."""
    if type(changes) is not list:
        return
    for change in changes:
        if type(change) is list and len(change) == 2:
            _apply_one(args, change[0], change[1])


def _apply_one(args: list[Any], path: Any, new: Any) -> None:
    if type(path) is not list or type(new) is not np.ndarray or not path:
        return
    parent: Any = args
    try:
        for step in path[:-1]:
            parent = parent[step]
        old = parent[path[-1]]
        if type(old) is np.ndarray and old.shape == new.shape:
            np.copyto(old, new.astype(old.dtype, copy=False))
        elif type(parent) in (list, dict) and parent is not args:
            parent[path[-1]] = new
    except (IndexError, KeyError, TypeError, ValueError):
        return

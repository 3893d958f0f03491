"""What a check asked of a student's functions and objects: evidence for a hint."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from unrolled.grade.protocol.copies import copy_value
from unrolled.grade.session.student_object import StudentObject


@dataclass(frozen=True)
class ObjectRef:
    """Stands for a student's object in a record: its key, its name if it has one."""

    key: int
    name: str = ""


@dataclass(kw_only=True)
class Call:
    """One recorded call of a student's function, or question to an object of theirs.

    `name` is the exercise's name behind it; `before` and `after` are the arguments as
    they were and as the call left them (None if they cannot be copied), with an
    ObjectRef for each object; `error` is the name of the built-in type of the
    exception, if one was raised. `verb` is call, attribute, item, iterate, next, or
    value (the name itself was looked up, and is data); `target` is what was asked, None
    for the name. One that is not `finished` never came back.
    """

    name: str
    before: tuple[tuple[Any, ...], dict[str, Any]] | None
    after: tuple[Any, ...] | None = None
    result: Any = None
    error: str | None = None
    verb: str = "call"
    target: ObjectRef | None = None
    finished: bool = True


def make_record(verb: str, target: StudentObject, args: Any, kwargs: Any) -> Call:
    """The record of a question that is about to be asked."""
    mark = None if target._name else ObjectRef(target._key)
    name = target._origin or target.__name__
    before = None  # where they cannot be copied
    with contextlib.suppress(Exception):
        before = copy_arguments(replace_objects(args), replace_objects(kwargs))
    return Call(name=name, before=before, verb=verb, target=mark, finished=False)


def replace_objects(value: Any) -> Any:
    """The value with an ObjectRef for every object of the student's."""
    if isinstance(value, StudentObject):
        return ObjectRef(value._key, value._name)
    if type(value) in (list, tuple):
        return type(value)(map(replace_objects, value))
    if type(value) is dict:
        return {key: replace_objects(inner) for key, inner in value.items()}
    return value


def copy_arguments(args: Any, kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Copies of the arguments that share nothing with each other, as they travel."""
    copies = tuple(map(copy_value, args))
    return copies, {key: copy_value(value) for key, value in kwargs.items()}


def copy_with_changes(before: Any, changes: Any) -> tuple[Any, ...] | None:
    """The arguments as the call left them, on copies that share nothing."""
    if before is None:
        return None
    args = list(copy_arguments(*before)[0])
    copy_changes_back(args, changes)
    return tuple(args)


def copy_changes_back(args: list[Any], changes: Any) -> None:
    """Copy the arrays that the student changed in place back into the arguments."""
    if type(changes) is not list:
        return
    for change in changes:
        if type(change) is list and len(change) == 2:
            _copy_change_back(args, change[0], change[1])


def _copy_change_back(args: list[Any], path: Any, new: Any) -> None:
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

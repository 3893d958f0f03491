"""Tables of a TOML file that say where they are when something is wrong."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.errors import UserError


@dataclass(frozen=True)
class TomlTable:
    """A table of a file: what is read from it names file, table and key in errors."""

    path: Path
    name: str
    values: Mapping[str, Any]

    def fail(self, key: str, why: str) -> UserError:
        """An error about one key."""
        name = f"{self.name}.{key}" if self.name else key
        return UserError(f"{self.path}: {name}: {why}")

    def only(self, *keys: str) -> None:
        """Refuse unknown keys, with the nearest known one."""
        for key in self.values:
            if key not in keys:
                near = difflib.get_close_matches(key, keys, 1)
                others = f"known are {', '.join(keys)}"
                hint = f"did you mean {near[0]}?" if near else others
                raise self.fail(key, f"unknown; {hint}")

    def table(self, key: str, *known: str) -> TomlTable:
        """The table under `key`, empty if there is none; with no other than `known`
        keys, if these are given."""
        values = self.values.get(key, {})
        if not isinstance(values, dict):
            raise self.fail(key, "must be a table")
        table = TomlTable(self.path, f"{self.name}.{key}".strip("."), values)
        if known:
            table.only(*known)
        return table

    def get(self, key: str, kinds: type | tuple[type, ...], default: Any) -> Any:
        """The value of `key`, of one of `kinds`."""
        value = self.values.get(key, default)
        false_number = isinstance(value, bool) and kinds is not bool
        if not isinstance(value, kinds) or false_number:
            raise self.fail(key, f"{value!r} is of the wrong kind")
        return value

    def text(self, key: str) -> str:
        """A text that must be there."""
        value = self.get(key, str, "")
        if not value.strip():
            raise self.fail(key, "is missing: give it as a text in quotes")
        return str(value)

    def switch(self, key: str) -> bool:
        """Whether `key` is true; false if nothing is said."""
        return bool(self.get(key, bool, False))

    def whole(self, key: str, default: int, top: int) -> int:
        """A whole number from 0 to `top`."""
        value = self.number(key, default, top)
        if value != int(value):
            raise self.fail(key, f"{value:g} is no whole number")
        return int(value)

    def number(self, key: str, default: float, top: float) -> float:
        """A number from 0 to `top`."""
        value = float(self.get(key, (int, float), default))
        if not 0 <= value <= top:
            raise self.fail(key, f"{value:g} is not between 0 and {top:g}")
        return value

    def seconds(self, key: str, default: float, top: float) -> float:
        """More than 0 seconds, at most `top`."""
        value = self.number(key, default, top)
        if value <= 0:
            raise self.fail(key, "must be more than 0 seconds")
        return value


def load_toml(path: Path) -> TomlTable:
    """The whole of a file; UserError if it is missing or no TOML."""
    try:
        return TomlTable(path, "", tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing.") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not valid TOML: {error}") from error

"""What the judge holds of a student's object: little can be done with it.

It can be called, indexed, iterated and asked for an attribute. It has no
truth value, no equality, no arithmetic, and it is no array: a test that compares
it by mistake stops with a TypeError instead of believing the student's object.
"""

from __future__ import annotations

from itertools import count
from typing import Any, NoReturn, Protocol

from unrolled.grade.protocol.rpc import RemoteRef

_REFUSED_METHODS = """
bool eq ne lt le gt ge add radd sub rsub mul rmul truediv rtruediv floordiv mod pow
matmul rmatmul neg pos abs invert and or xor contains len int float complex index round
array
"""
_key_counter = count()


class Asks(Protocol):
    """What an object of the student's needs of the session in which it lives."""

    def call(self, target: StudentObject, args: Any, kwargs: Any) -> Any:
        """Call it with arguments that travel by value or by reference."""

    def ask(self, do: str, target: StudentObject, **values: Any) -> Any:
        """Ask for an item, for an iterator, or for what comes next."""

    def get_attribute(self, target: StudentObject, name: str) -> Any:
        """Ask for an attribute."""


class StudentObject:
    """An object of the student's that does not travel by value.

    Its own fields begin with an underscore: any other name is asked of the student's
    process. `_key` is its own in all sessions; `_origin` the name of the notebook by
    which the judge came to it.
    """

    __slots__ = ("_key", "_name", "_origin", "_remote", "_session")
    __array_ufunc__ = None
    __array_function__ = None

    def __init__(
        self, session: Asks, remote: RemoteRef, name: str = "", origin: str = ""
    ) -> None:
        self._session = session
        self._remote = remote
        self._name = name
        self._origin = name or origin
        self._key = next(_key_counter)

    @property
    def __name__(self) -> str:
        """The name under which the notebook knows the object, if it has one."""
        return self._name or f"the {self._remote.kind}"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it in the student's process."""
        return self._session.call(self, args, kwargs)

    def __getitem__(self, key: Any) -> Any:
        """Index it in the student's process."""
        return self._session.ask("item", self, key=key)

    def __getattr__(self, name: str) -> Any:
        """Ask it for an attribute in the student's process."""
        if name.startswith("__"):
            raise AttributeError(name)
        return self._session.get_attribute(self, name)

    def __iter__(self) -> Any:
        """Iterate over it in the student's process."""
        iterator = self._session.ask("iterate", self)
        while True:
            try:
                item = self._session.ask("next", iterator)
            except StopIteration:
                return
            yield item

    def __deepcopy__(self, memo: Any) -> NoReturn:
        raise TypeError("a student's object cannot be copied")

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        """What it is; nothing that the student wrote."""
        return f"<{self.__name__} of the student>"


class StudentCallable(StudentObject):
    """A function or class of the student's."""

    __slots__ = ()


def _make_refusal(name: str) -> Any:
    def refuse(self: StudentObject, *_: Any) -> NoReturn:
        raise TypeError(
            f"{self!r} is not a plain value, and {name} is never asked of it. "
            "Return numbers, strings, lists, dicts or arrays."
        )

    return refuse


for _name in _REFUSED_METHODS.split():
    setattr(StudentObject, f"__{_name}__", _make_refusal(f"__{_name}__"))

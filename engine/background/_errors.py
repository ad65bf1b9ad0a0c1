"""Exceptions as data: they are raised at the client as the class that they were raised as at the engine."""

from collections.abc import Mapping

import msgspec

from engine import _exceptions
from engine._exceptions import EngineError
from policies import PolicyError

#: The whole set; nothing else is ever made from what a peer sends.
CLASSES: Mapping[str, type[EngineError | PolicyError]] = {
    name: kind
    for name, kind in vars(_exceptions).items()
    if isinstance(kind, type) and issubclass(kind, EngineError)
} | {"PolicyError": PolicyError}

type Attribute = str | bool | int | float | tuple[str, ...] | None


class ErrorData(msgspec.Struct, frozen=True, kw_only=True):
    """An exception.

    Attributes:
        name: Of its class.
        text: What it says.
        attributes: What else it tells, `hint` and `dispatched` among it.
        notes: What was noted on the way.
    """

    name: str
    text: str
    attributes: dict[str, Attribute] = {}
    notes: tuple[str, ...] = ()


def to_data(error: EngineError | PolicyError) -> ErrorData:
    """Describe an exception; one of a class of others is described as the nearest of ours."""
    name = next(kind.__name__ for kind in type(error).__mro__ if CLASSES.get(kind.__name__) is kind)
    attributes = {key: value for key, value in vars(error).items() if _is_attribute(key, value)}
    return ErrorData(
        name=name,
        text=str(error),
        attributes=attributes,
        notes=tuple(getattr(error, "__notes__", ())),
    )


def from_data(data: ErrorData) -> EngineError | PolicyError:
    """Make the exception again, with its attributes; an unknown class becomes an `EngineError`."""
    kind: type[EngineError | PolicyError] = CLASSES.get(data.name, EngineError)
    error = kind.__new__(kind)
    # Constructors differ and compose texts: this one is the text that was composed.
    BaseException.__init__(error, data.text)
    vars(error).update({"hint": "", "dispatched": False})
    vars(error).update({key: value for key, value in data.attributes.items() if not hasattr(kind, key)})
    for note in data.notes:
        error.add_note(note)
    return error


def _is_attribute(key: str, value: object) -> bool:
    if key.startswith("_"):
        return False
    if isinstance(value, tuple):
        return all(isinstance(item, str) for item in value)
    return value is None or isinstance(value, str | bool | int | float)

"""Host functions as a program and a model see them: typed Python functions without their bodies."""

import datetime
import decimal
import enum
import inspect
import types
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import is_dataclass
from typing import (
    Annotated,
    Any,
    Literal,
    TypeAliasType,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import msgspec

from engine import ConfigError

_MAX_DESCRIPTION = 600
_PLAIN = {bool: "bool", int: "int", float: "float", str: "str", type(None): "None"}
#: What JSON has as text.
_TEXTS = (
    bytes,
    bytearray,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    decimal.Decimal,
    uuid.UUID,
    enum.Enum,
)
_LISTS = (list, tuple, set, frozenset, Sequence, Collection)
_MAPPINGS = (dict, Mapping)
_INFINITE = (float("inf"), float("-inf"))


class Stub(msgspec.Struct, frozen=True, kw_only=True):
    """A function without its body.

    Attributes:
        name: Of the function.
        head: From `def` to the colon.
        description: What it does, without quotes that would end a docstring.
        types: Classes that the head names, by name.
        arguments: Names of its parameters.
    """

    name: str
    head: str
    description: str
    types: dict[str, str]
    arguments: tuple[str, ...]

    def source(self, body: str = "...") -> str:
        """Return the function with a body of one line."""
        return f'{self.head}\n    """{self.description}"""\n    {body}'

    def calling(self, function: str) -> str:
        """Return the function as a call of another one, with its name and its arguments."""
        passed = ", ".join(f'"{name}": {name}' for name in self.arguments)
        return self.source(f'return {function}("{self.name}", {{{passed}}})')


def hints_of(function: Callable[..., object], name: str) -> dict[str, Any]:
    """Return the types of a function's parameters, and of what it returns as `return`.

    Raises:
        ConfigError: One is missing or cannot be resolved.
    """
    target = function if inspect.isroutine(function) else type(function).__call__
    try:
        hints = get_type_hints(target, include_extras=True)
    except (NameError, TypeError) as error:
        raise ConfigError(f"tool `{name}`: its type hints cannot be resolved: {error}") from error
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise ConfigError(f"tool `{name}`: `{parameter}` is not a parameter with a name of its own")
        if parameter.name not in hints:
            raise ConfigError(
                f"tool `{name}`: `{parameter.name}` has no type hint", hint=f"such as `{parameter.name}: str`"
            )
    return hints


def make_stub(function: Callable[..., object], name: str, description: str) -> Stub:
    """Describe a function as a program may call it.

    Raises:
        ConfigError: It has parameters that JSON cannot express.
    """
    hints = hints_of(function, name)
    found: dict[str, str] = {}
    parameters = inspect.signature(function).parameters
    written = [_parameter(parameter, hints, found, name) for parameter in parameters.values()]
    returned = written_type(hints.get("return", object), found)
    return Stub(
        name=name,
        head=f"def {name}({', '.join(written)}) -> {returned}:",
        description=_safe(description or inspect.getdoc(function) or ""),
        types=found,
        arguments=tuple(parameters),
    )


def _parameter(
    parameter: inspect.Parameter, hints: Mapping[str, Any], found: dict[str, str], tool: str
) -> str:
    text = f"{parameter.name}: {written_type(hints[parameter.name], found)}"
    if parameter.default is parameter.empty:
        return text
    default = parameter.default
    if not isinstance(default, bool | int | str | float | None) or default in _INFINITE:
        raise ConfigError(
            f"tool `{tool}`: the default of `{parameter.name}` is no number, text, bool or None",
            hint="take None, and the value inside of the function",
        )
    return f"{text} = {default!r}"


def written_type(hint: Any, found: dict[str, str]) -> str:
    """Write a type as a program sees it after JSON: tuples are lists, structs are dicts with known keys.

    Args:
        hint: As Python has it.
        found: Gets the classes that are named.

    Raises:
        ConfigError: JSON has nothing like it.
    """
    while isinstance(hint, TypeAliasType):
        hint = hint.__value__
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return written_type(arguments[0], found)
    if origin is Literal:
        return f"Literal[{', '.join(map(repr, arguments))}]"
    if origin in (Union, types.UnionType):
        return " | ".join(written_type(argument, found) for argument in arguments)
    if (origin or hint) in _LISTS:
        return f"list[{written_type(arguments[0], found)}]" if arguments else "list"
    if (origin or hint) in _MAPPINGS:
        both = ", ".join(written_type(argument, found) for argument in arguments)
        return f"dict[{both}]" if both else "dict"
    if hint in (Any, object):
        return "object"
    if hint in _PLAIN:
        return _PLAIN[hint]
    if isinstance(hint, type) and issubclass(hint, _TEXTS):
        return "str"
    if isinstance(hint, type) and (
        issubclass(hint, msgspec.Struct) or is_typeddict(hint) or is_dataclass(hint)
    ):
        return _written_fields(hint, found)
    raise ConfigError(
        f"`{hint}` has no JSON form", hint="take numbers, text, lists, dicts or msgspec structs"
    )


def _written_fields(kind: type, found: dict[str, str]) -> str:
    name = kind.__name__.lstrip("_")
    if name not in found:
        found[name] = ""  # a type may name itself
        hints = get_type_hints(kind, include_extras=True)
        keys = getattr(kind, "__struct_encode_fields__", tuple(hints))
        names = getattr(kind, "__struct_fields__", tuple(hints))
        fields = [
            f"    {key}: {written_type(hints[field], found)}" for field, key in zip(names, keys, strict=True)
        ]
        found[name] = "\n".join([f"class {name}(TypedDict):", *(fields or ["    pass"])])
    return name


def _safe(text: str) -> str:
    """Keep the beginning of a description, so that it is the inside of a docstring and nothing more."""
    text = inspect.cleandoc(text)[:_MAX_DESCRIPTION].rstrip().rstrip("\\")
    lines = text.replace("\\", "\\\\").replace('"', "'").replace("\0", "").splitlines()
    return "\n    ".join(lines)

"""Functions of the host that programs may call: a registry, and how a sandbox and a model see it."""

import inspect
import keyword
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from anyio import to_thread

from engine import ConfigError, File

from ._tool_stubs import Stub, hints_of, make_stub

MODULE, CALL_FILE, REPLIES_FILE = "tools.py", ".isorun-call.json", ".isorun-replies.json"
#: What a program that waits for a reply exits with.
WAITS = 93
_GUEST = Path(__file__).parent / "guest" / MODULE
_STUBS_SHOWN = 5


class ToolCallError(Exception):
    """A call that cannot be made: there is no such function, or its arguments are of the wrong kind."""


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a program asked for: guest data, decoded strictly."""

    name: str
    arguments: msgspec.Raw


class Reply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a call gave: a value as JSON, or what went wrong."""

    call: Asked
    reply: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: str | msgspec.UnsetType = msgspec.UNSET


class _Tool(NamedTuple):
    function: Callable[..., object]
    arguments: msgspec.json.Decoder[msgspec.Struct]
    stub: Stub


class Tools:
    """Functions that a program in a sandbox may have called on the host.

        tools = Tools()

        @tools.register
        async def temperature(city: str) -> float:
            '''Degrees Celsius at this moment.'''

    A program can call them in any order and with whatever arguments their types allow: it is hostile. A
    function must not do more for it than for anybody. Functions without `async` run in a worker thread, and
    when time is up they are abandoned, not stopped.
    """

    def __init__(self) -> None:
        self._tools: dict[str, _Tool] = {}

    def register[F: Callable[..., object]](self, function: F) -> F:
        """Add a function by decorating it; name, types and description are its own."""
        self.add(function)
        return function

    def add(self, function: Callable[..., object], *, name: str = "", description: str = "") -> None:
        """Add a function.

        Args:
            function: Parameters and result have type hints that JSON can express; msgspec structs are such.
            name: By which programs call it; empty takes the function's own.
            description: What it does, for the model; empty takes the docstring.

        Raises:
            ConfigError: It cannot be called through JSON, or the name is taken.
        """
        name = name or getattr(function, "__name__", "")
        if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_") or name == "ToolError":
            raise ConfigError(f"{name!r} is no name for a tool", hint='for example `name="search"`')
        if name in self._tools:
            raise ConfigError(f"there are two tools with the name `{name}`")
        stub = make_stub(function, name, description)
        self._tools[name] = _Tool(function, _arguments_decoder(function, name), stub)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all, in the order in which they were added."""
        return tuple(self._tools)

    def stubs(self, keywords: str = "", limit: int = _STUBS_SHOWN) -> str:
        """Return typed Python functions for a prompt; empty if there are none.

        Args:
            keywords: Words of the task: those that have most of them in common are shown.
            limit: How many at most.
        """
        words = _words(keywords)

        def in_common(tool: _Tool) -> int:
            return len(words & _words(f"{tool.stub.name} {tool.stub.description}"))

        # Sorting keeps the order of equals.
        shown = [tool.stub for tool in sorted(self._tools.values(), key=in_common, reverse=True)[:limit]]
        if not shown:
            return ""
        classes = {name: text for stub in shown for name, text in stub.types.items()}
        names = ", ".join(stub.name for stub in shown)
        return "\n\n".join(
            [f"from tools import {names}", *classes.values(), *(stub.source() for stub in shown)]
        )

    def guest_files(self, replies: Sequence[Reply], *, limit: int = 8) -> tuple[File, ...]:
        """Return the input files that make `import tools` work in a program.

        Args:
            replies: To its first calls, in order.
            limit: How many calls it may make in all.
        """
        functions = [tool.stub.calling("_call") for tool in self._tools.values()]
        text = "\n\n\n".join([_GUEST.read_text("utf-8"), f"_limit = {limit}", *functions])
        return (
            File(name=MODULE, data=text.encode()),
            File(name=REPLIES_FILE, data=msgspec.json.encode(replies)),
        )

    async def call(self, asked: Asked) -> bytes:
        """Call a function and return what it gives as JSON.

        Raises:
            ToolCallError: It is not there, its arguments are wrong, or its result has no JSON form.
            Exception: Whatever the function raises.
        """
        tool = self._tools.get(asked.name)
        if tool is None:
            raise ToolCallError(f"there is no tool {asked.name[:100]!r}; there are {', '.join(self._tools)}")
        try:
            decoded = tool.arguments.decode(asked.arguments)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ToolCallError(f"the arguments of `{asked.name}` are not valid: {error}") from error
        value = await _called(tool.function, decoded)
        try:
            return msgspec.json.encode(value)
        except (TypeError, ValueError, RecursionError) as error:
            raise ToolCallError(f"the result of `{asked.name}` has no JSON form: {error}") from error


async def _called(function: Callable[..., object], decoded: msgspec.Struct) -> object:
    arguments = {name: getattr(decoded, name) for name in decoded.__struct_fields__}
    # An object that can be called says only in its class whether it is to be awaited.
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__):
        value = function(**arguments)
        return await value if inspect.isawaitable(value) else value
    return await to_thread.run_sync(lambda: function(**arguments), abandon_on_cancel=True)


def _arguments_decoder(function: Callable[..., object], name: str) -> msgspec.json.Decoder[msgspec.Struct]:
    """Return what turns JSON into arguments of the function's own types, and refuses all else."""
    hints = hints_of(function, name)
    fields = [
        (parameter.name, hints[parameter.name])
        if parameter.default is parameter.empty
        else (parameter.name, hints[parameter.name], parameter.default)
        for parameter in inspect.signature(function).parameters.values()
    ]
    try:
        kind = msgspec.defstruct(name, fields, kw_only=True, forbid_unknown_fields=True)
        return msgspec.json.Decoder(kind)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"tool `{name}`: its parameters have no JSON form: {error}") from error


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]{3,}", text.lower()))

"""Registering functions, and what a program and a model see of them."""

import ast
import datetime
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta

from agent._tool_stubs import written_type
from agent._tools import MODULE, REPLIES_FILE, Asked, Reply, ToolCallError, Tools
from engine import ConfigError


class Row(msgspec.Struct):
    name: str
    sizes: tuple[int, ...] = ()


class Tree(msgspec.Struct, rename="camel"):
    left_side: "Tree | None" = None


@dataclass
class Point:
    x: float


type Alias = list[int]


def total(numbers: list[float], scale: float = 1.0) -> float:
    """Add numbers up."""
    return scale * sum(numbers)


async def rows(kind: Literal["a", "b"], limit: Annotated[int, Meta(ge=1, le=3)] = 2) -> list[Row]:
    """List rows of a kind from the "store"."""
    return [Row(name=kind, sizes=(1, 2))] * limit


def nothing(row: Row, seen: dict[str, int] | None = None) -> None:
    """Take a row."""


def tools_of(*functions: Callable[..., object]) -> Tools:
    tools = Tools()
    for function in functions:
        tools.add(function)
    return tools


def asked(name: str, arguments: object) -> Asked:
    return Asked(name=name, arguments=msgspec.Raw(json.dumps(arguments).encode()))


def test_stubs_are_typed_functions_with_their_import() -> None:
    text = tools_of(total, rows, nothing).stubs()

    assert text.startswith("from tools import total, rows, nothing\n")
    assert "class Row(TypedDict):\n    name: str\n    sizes: list[int]" in text
    assert (
        "def rows(kind: Literal['a', 'b'], limit: int = 2) -> list[Row]:\n"
        '    """List rows of a kind from the \'store\'."""\n    ...' in text
    )
    assert "def nothing(row: Row, seen: dict[str, int] | None = None) -> None:" in text
    ast.parse(text)


def test_no_tools_have_no_stubs() -> None:
    assert Tools().stubs() == ""


def test_stubs_that_share_words_with_the_task_come_first() -> None:
    tools = tools_of(total, nothing, rows)

    assert tools.stubs("which rows are in the store", 1).startswith("from tools import rows\n")
    assert tools.stubs("", 1).startswith("from tools import total\n")


def test_at_most_five_stubs_are_shown() -> None:
    tools = Tools()
    for number in range(6):
        tools.add(total, name=f"total_{number}")

    assert tools.stubs().count("def ") == 5
    assert tools.stubs(limit=6).count("def ") == 6


def test_description_cannot_end_its_docstring() -> None:
    tools = Tools()
    tools.add(total, description='x""" \\\nimport os\\')

    source = (tools.guest_files([])[0].data or b"").decode()

    assert [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)][-1].name == "total"
    ast.parse(tools.stubs())


def test_guest_files_are_a_module_and_the_replies() -> None:
    call = asked("total", {"numbers": [1]})

    module, replies = tools_of(total).guest_files([Reply(call=call, reply=msgspec.Raw(b"1.0"))], limit=3)

    assert module.name == MODULE
    assert b"\n_limit = 3\n" in (module.data or b"")
    assert replies.name == REPLIES_FILE
    assert json.loads(replies.data or b"") == [
        {"call": {"name": "total", "arguments": {"numbers": [1]}}, "reply": 1.0}
    ]


async def test_arguments_and_results_are_converted() -> None:
    tools = tools_of(total, rows, nothing)

    assert await tools.call(asked("total", {"numbers": [1, 2.5], "scale": 2})) == b"7.0"
    assert json.loads(await tools.call(asked("rows", {"kind": "a"}))) == [{"name": "a", "sizes": [1, 2]}] * 2
    assert await tools.call(asked("nothing", {"row": {"name": "x"}})) == b"null"


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("gone", {}, "there is no tool 'gone'; there are total, rows"),
        ("__init__", {}, "there is no tool"),
        ("total", {}, "missing required field `numbers`"),
        ("total", {"numbers": "12"}, "Expected `array`, got `str` - at `\\$.numbers`"),
        ("total", {"numbers": ["1"]}, "Expected `float`"),
        ("total", {"numbers": [], "more": 1}, "unknown field `more`"),
        ("total", [[]], "Expected `object`, got `array`"),
        ("rows", {"kind": "c"}, "Invalid enum value 'c'"),
        ("rows", {"kind": "a", "limit": 4}, "Expected `int` <= 3"),
    ],
)
async def test_call_that_the_types_do_not_allow_is_refused(
    name: str, arguments: object, message: str
) -> None:
    tools = tools_of(total, rows)

    with pytest.raises(ToolCallError, match=message):
        await tools.call(asked(name, arguments))


async def test_bytes_that_are_no_json_are_refused() -> None:
    deep = b'{"numbers": ' + b"[" * 5_000 + b"]" * 5_000 + b"}"

    for arguments in (b"", b"{", b'{"numbers": nan}', deep):
        with pytest.raises(ToolCallError, match="not valid"):
            await tools_of(total).call(Asked(name="total", arguments=msgspec.Raw(arguments)))


async def test_result_without_json_form_is_refused() -> None:
    def odd() -> object:
        return object()

    with pytest.raises(ToolCallError, match="the result of `odd` has no JSON form"):
        await tools_of(odd).call(asked("odd", {}))


def test_decorated_function_stays_as_it_is() -> None:
    tools = Tools()

    assert tools.register(total) is total
    assert tools.names == ("total",)


def untyped(value) -> None: ...  # type: ignore[no-untyped-def]
def many(*values: int) -> None: ...
def first(value: int, /) -> None: ...
def infinite(value: float = float("inf")) -> None: ...
def listed(values: list[int] = []) -> None: ...  # noqa: B006
def strange(value: Callable[[], int]) -> None: ...


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (untyped, "`value` has no type hint"),
        (many, "is not a parameter with a name of its own"),
        (first, "is not a parameter with a name of its own"),
        (infinite, "the default of `value`"),
        (listed, "the default of `values`"),
        (strange, "has no JSON form"),
        (lambda: 1, "'<lambda>' is no name for a tool"),
    ],
)
def test_function_that_json_cannot_call_is_refused(function: Callable[..., object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Tools().add(function)


@pytest.mark.parametrize("name", ["_call", "class", "a b", "ToolError", "x\ny"])
def test_name_that_is_no_function_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="is no name for a tool"):
        Tools().add(total, name=name)


def test_name_is_taken_once() -> None:
    with pytest.raises(ConfigError, match="two tools with the name `total`"):
        tools_of(total, total)


async def test_object_that_can_be_called_is_a_function() -> None:
    class Counter:
        count = 0

        async def __call__(self, step: int) -> int:
            self.count += step
            return self.count

    tools = Tools()
    tools.add(Counter(), name="count", description="Count.")

    assert await tools.call(asked("count", {"step": 2})) == b"2"


@pytest.mark.parametrize(
    ("hint", "text"),
    [
        (tuple[int, ...], "list[int]"),
        (Sequence[str], "list[str]"),
        (dict, "dict"),
        (Annotated[int, Meta(ge=1)] | None, "int | None"),
        (datetime.date, "str"),
        (object, "object"),
        (Alias, "list[int]"),
        (Point, "Point"),
    ],
)
def test_types_are_written_as_json_has_them(hint: object, text: str) -> None:
    assert written_type(hint, {}) == text


def test_fields_are_written_with_their_names_in_json() -> None:
    found: dict[str, str] = {}

    written_type(list[Point | Tree], found)

    assert found == {
        "Point": "class Point(TypedDict):\n    x: float",
        "Tree": "class Tree(TypedDict):\n    leftSide: Tree | None",
    }

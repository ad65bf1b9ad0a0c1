"""Messages: all that an engine is asked and answers survives the way, and nothing else gets through."""

import inspect
import math
import os
from typing import Any

import msgspec
import pytest

from engine import (
    Artifact,
    Caller,
    ConfigError,
    EngineError,
    ErrorInfo,
    File,
    IsolationInfo,
    PolicyUnsupportedError,
    PoolFullError,
    PoolTimeoutError,
    Program,
    Reason,
    Result,
    Stage,
    Status,
    Timing,
    Usage,
    _exceptions,
)
from engine.background import _messages as messages
from engine.background._errors import CLASSES, ErrorData, from_data, to_data
from engine.background._messages import Done, Failed, Hello, ProgramData, RunProgram, answers, requests
from engine.background._packing import Unpacker, pack
from policies import Limits, Mount, Policy, PolicyError, preset_names
from policies import load as load_policy

FULL = Program(
    code="print('ä€😀')",
    language="c",
    args=("", "ü", "a b"),
    stdin=bytes(range(256)),
    files=(File(name="a/ö", data=b"\0\xff", read_only=True),),
    env={"A": "ß", "B": ""},
    environment="data",
    check=True,
    flags=("-O3",),
    call="main",
)
RESULT = Result(
    status=Status.ERROR,
    reason=Reason.EXIT_NONZERO,
    exit_code=3,
    signal="SIGSEGV",
    stdout_bytes=b"\xff\0out",
    stderr_bytes="ä".encode(),
    stdout_truncated=True,
    stderr_dropped_bytes=7,
    value={"a": [1, 2.5, None, True, "ö", {}], "": -1},
    error=ErrorInfo(type="E", message="m", traceback="t", line=1, module="x"),
    files=(Artifact(name="n", data=b"\xfe", size=1), Artifact(name="big", size=9, skipped="too large")),
    stages={"run": Stage(status=Status.ERROR, exit_code=3, milliseconds=1.5, cached=True, output="o")},
    timing=Timing(total=2.5),
    usage=Usage(cpu_ms=1.0),
    isolation=IsolationInfo(runtime="fake", degraded=("a",), fallback="b"),
    hint="h",
)


def request_of(program: Program, policy: Policy | None = None) -> RunProgram:
    data = ProgramData.of(program)
    return RunProgram(id=1, program=data, policy=policy, caller=Caller(), want_output=False)


def there_and_back(program: Program) -> Program:
    received = requests.unpack(pack(request_of(program)))
    assert isinstance(received, RunProgram)
    return received.program.program()


def returned(result: Result) -> Result:
    received = answers.unpack(pack(Done(id=1, result=result)))
    assert isinstance(received, Done)
    return received.result


@pytest.mark.parametrize(
    "program",
    [Program(code="1"), Program(code=b"\xff\0"), Program(code="ä"), Program(code="ä".encode()), FULL],
)
def test_program_arrives_as_it_was(program: Program) -> None:
    assert there_and_back(program) == program


def test_program_has_no_field_that_is_left_behind() -> None:
    assert {*ProgramData.__struct_fields__} == {*Program.__struct_fields__, "is_text"}


def test_path_of_a_file_means_what_it_means_to_the_client(
    tmp_path: os.PathLike[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    odd = os.fsdecode(b"not utf-8 \xff")
    files = (File(name="a", path="b/../c.txt"), File(name="d", path="/etc/hosts"), File(name="e", path=odd))

    arrived = there_and_back(Program(code="1", files=files))

    assert [file.path for file in arrived.files] == [f"{tmp_path}/c.txt", "/etc/hosts", f"{tmp_path}/{odd}"]


@pytest.mark.parametrize("name", preset_names())
def test_policy_arrives_as_it_was(name: str) -> None:
    policy = load_policy(name)

    received = requests.unpack(pack(request_of(FULL, policy)))

    assert isinstance(received, RunProgram)
    assert received.policy == policy


@pytest.mark.parametrize(
    "policy",
    [
        Policy(limits=Limits(memory_mib=1)),
        Policy(limits=Limits(wall_seconds=-1.0)),
        Policy(mounts=(Mount(source="relative", target="/mnt/a"),)),
        Policy(env={"not a name": "x"}),
    ],
)
def test_policy_is_checked_again_where_it_arrives(policy: Policy) -> None:
    with pytest.raises(msgspec.ValidationError):
        requests.unpack(pack(request_of(FULL, policy)))


def test_code_that_is_said_to_be_text_and_is_not_is_refused() -> None:
    data = msgspec.structs.replace(ProgramData.of(Program(code=b"\xff")), is_text=True)

    with pytest.raises(ConfigError, match="not UTF-8"):
        data.program()


@pytest.mark.parametrize("kind", [*messages.AnyRequest.__value__.__args__])
def test_request_with_a_field_more_or_less_is_refused(kind: type[messages.Request]) -> None:
    wrong: list[dict[str, Any]] = [{"kind": kind.__name__, "id": 1, "more": 1}, {"kind": kind.__name__}]

    for fields in wrong:
        with pytest.raises(msgspec.ValidationError):
            requests.unpack(b"\x00" + msgspec.msgpack.encode(fields))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"\x01",
        b"\x02\xc0",
        b"\xff" * 100,
        b"\x00" + b"\x91" * 100_000,
        b"\x01" + b"\x91" * 100_000,
        b"\x00" + msgspec.msgpack.encode({"kind": "Nonsense", "id": 1}),
        b"\x00" + msgspec.msgpack.encode({"kind": "Hello", "id": -1, "version": 1}),
        b"\x00" + msgspec.msgpack.encode({"kind": "Hello", "id": 1 << 63, "version": 1}),
        b"\x00" + msgspec.msgpack.encode({"kind": "Kill", "id": 1, "run": "x" * 65}),
        b"\x01" + msgspec.msgpack.encode({"kind": "Kill", "id": 1, "run": msgspec.msgpack.Ext(3, b"")}),
        b"\x01" + msgspec.msgpack.encode({"kind": "Hello", "id": 1, "version": msgspec.msgpack.Ext(2, b"x")}),
        b"\x01" + msgspec.msgpack.encode({"kind": "Kill", "id": 1, "run": msgspec.msgpack.Ext(1, b"\xff")}),
        b"\x01"
        + msgspec.msgpack.encode({"kind": "Hello", "id": 1, "version": msgspec.msgpack.Ext(2, b"9" * 5000)}),
        b"\x00" + msgspec.msgpack.encode({"kind": "Hello", "id": 1, "version": 1}) + b"more",
    ],
)
def test_bytes_that_are_no_request_are_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        requests.unpack(data)


def test_result_arrives_as_it_was() -> None:
    assert returned(RESULT) == RESULT


@pytest.mark.parametrize(
    "value",
    [
        "\ud800",
        {"\ud800": [{"\udfff": {}}, b"\xff"], "ä": 1},
        1 << 64,
        -(1 << 63) - 1,
        [10**400],
        True,
        {"a": {"b": []}},
    ],
)
def test_whatever_value_a_program_has_arrives(value: object) -> None:
    """A report is JSON, which knows numbers of any size and halves of surrogate pairs."""
    assert returned(msgspec.structs.replace(RESULT, value=value)).value == value


def test_numbers_that_are_none_arrive() -> None:
    arrived = returned(msgspec.structs.replace(RESULT, value=[math.nan, math.inf, -math.inf])).value

    assert str(arrived) == "[nan, inf, -inf]"


def test_text_that_is_not_unicode_arrives_in_every_field() -> None:
    error = ErrorInfo(type="\ud800", message="\udc80", traceback="\udfff")
    files = (Artifact(name="\udcff", data=b"\xff", size=1),)
    odd = msgspec.structs.replace(RESULT, error=error, files=files, hint="\ud800")

    assert returned(odd) == odd


def _example(kind: type[Exception]) -> EngineError | PolicyError:
    if kind is PolicyUnsupportedError:
        return PolicyUnsupportedError("no", runtime="r", clause="network.mode", capable=("a", "b"))
    if kind is PoolFullError:
        return PoolFullError("full", hint="later", retry_after_seconds=1.5)
    if kind is PolicyError:
        return PolicyError("bad", source="file.toml", key="limits.pids", hint="less")
    assert issubclass(kind, EngineError)
    return kind("what \ud800 happened", hint="do this", dispatched=True)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_exception_of_each_class_arrives_with_all_it_tells(name: str) -> None:
    error = _example(CLASSES[name])
    error.add_note("a note")

    received = answers.unpack(pack(Failed(id=1, error=to_data(error))))

    assert isinstance(received, Failed)
    arrived = from_data(received.error)
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert arrived.args == (str(error),)
    assert vars(arrived) == vars(error) | {"dispatched": getattr(error, "dispatched", False)}


def test_all_exceptions_of_the_engine_can_cross() -> None:
    known = {value for value in vars(_exceptions).values() if inspect.isclass(value)}

    assert known <= set(CLASSES.values())


def test_exception_of_a_class_of_others_arrives_as_the_nearest_of_ours() -> None:
    class OwnTimeoutError(PoolTimeoutError):
        """Of a runtime that somebody has added."""

    arrived = from_data(to_data(OwnTimeoutError("late", hint="wait")))

    assert type(arrived) is PoolTimeoutError
    assert isinstance(arrived, TimeoutError)
    assert (str(arrived), arrived.hint) == ("late", "wait")


def test_what_is_no_data_of_an_exception_is_left_behind() -> None:
    error = EngineError("x")
    error.secret = object()  # type: ignore[attr-defined]
    error._private = "x"  # type: ignore[attr-defined]

    assert to_data(error).attributes == {"hint": "", "dispatched": False}


def test_unknown_exception_is_one_of_the_engine_and_no_method_is_replaced() -> None:
    data = ErrorData(name="SystemExit", text="x", attributes={"with_traceback": "no", "hint": "h"})

    error = from_data(data)

    assert type(error) is EngineError
    assert error.hint == "h"
    assert callable(error.with_traceback)


def test_version_is_understood_by_all_versions() -> None:
    """An engine of another version has to be able to read this, to say that it is of another version."""
    assert pack(Hello(id=1, version=7)) == b"\x00" + msgspec.msgpack.encode(
        {"kind": "Hello", "version": 7, "id": 1}
    )


def test_message_that_is_no_data_cannot_be_packed() -> None:
    class Odd(msgspec.Struct):
        value: object

    with pytest.raises(TypeError):
        pack(Odd(object()))
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(RecursionError):
        pack(Odd(deep))
    assert Unpacker(Odd).unpack(pack(Odd([1]))) == Odd([1])

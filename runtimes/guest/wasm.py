"""Run one WebAssembly module with wasmtime. The boundary is the process around it, not this engine.

Needs the package `wasmtime`, which the zygote has loaded; everything that does not depend on the module is
made once, when this is imported.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os

import report as reports  # type: ignore[import-not-found]
import wasmtime  # type: ignore[import-not-found]

TYPE_CHECKING = False  # `typing` alone would double a fresh start
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

#: How a module names the only library that there is for it.
_WASI = "wasi_snapshot_preview1"
#: What wasmtime's own command ends with after a trap: 128 and SIGABRT.
TRAPPED = 134
#: Of the eight MiB that a main thread has, less what Python and the host functions need.
_STACK_BYTES = 6 << 20
#: The warden kills at the wall limit. Should it not, the kernel ends this process by a timer, so much later.
#: That also ends a call of the host, and costs a program nothing: epochs would take half of its speed away.
_GRACE_SECONDS = 2.0
_WORK = "/box/work"
#: In a session there is no end of the pipe that a program reads from, so that it reads from a file.
_STDIN = "/box/tmp/stdin"
#: Modules of a session by name.
_KEPT: dict[str, Any] = {}
#: Names of wasmtime's trap codes -> what `Result.reason` says.
_TRAPS = {
    "STACK_OVERFLOW": "stack-overflow",
    "MEMORY_OUT_OF_BOUNDS": "out-of-bounds",
    "HEAP_MISALIGNED": "out-of-bounds",
    "TABLE_OUT_OF_BOUNDS": "out-of-bounds",
    "INDIRECT_CALL_TO_NULL": "bad-call",
    "NULL_REFERENCE": "bad-call",
    "BAD_SIGNATURE": "bad-call",
    "INTEGER_OVERFLOW": "integer-overflow",
    "BAD_CONVERSION_TO_INTEGER": "integer-overflow",
    "INTEGER_DIVISION_BY_ZERO": "division-by-zero",
    "UNREACHABLE": "unreachable",
}
#: A module has one memory and a few tables; none of these is a way to more memory than the limit says.
_MEMORIES, _TABLES, _INSTANCES, _TABLE_ELEMENTS = 1, 8, 1, 1 << 20
#: In the numbers of WASI, as bytes of the module's memory.
_ENOMEM = (48).to_bytes(4, "little")
_MAX_FRAMES, _MAX_TEXT = 32, 8192


def configured(*, in_parallel: bool = False) -> Any:
    """Return an engine with Cranelift and the stable features that compilers use, and nothing else.

    Args:
        in_parallel: Whether it may start threads to translate a module.
    """
    config = wasmtime.Config()
    config.strategy = "cranelift"
    config.parallel_compilation = in_parallel
    # The library refuses a stack that is larger than one it would use for asynchronous calls.
    wasmtime._ffi.wasmtime_config_async_stack_size_set(config.ptr(), _STACK_BYTES)
    config.max_wasm_stack = _STACK_BYTES
    config.wasm_simd = True
    config.wasm_bulk_memory = True
    config.wasm_reference_types = True
    config.wasm_multi_value = True
    for feature in (
        "wasm_threads",
        "wasm_relaxed_simd",
        "wasm_multi_memory",
        "wasm_memory64",
        "wasm_gc",
        "wasm_function_references",
        "wasm_exceptions",
        "wasm_wide_arithmetic",
        "wasm_component_model",
        "wasm_custom_page_sizes",
        "wasm_stack_switching",
        "gc_support",
        "shared_memory",
    ):
        setattr(config, feature, False)
    return wasmtime.Engine(config)


class CallError(Exception):
    """The function that is to be called does not exist, or does not take these arguments."""


class ExitError(Exception):
    """The program exits, with the code as the argument."""


def _linked(engine: Any) -> Any:
    """Return what modules may import: WASI, with an exit that takes every code; the library's takes few."""
    linker = wasmtime.Linker(engine)
    linker.allow_shadowing = True
    linker.define_wasi()
    kind = wasmtime.FuncType([wasmtime.ValType.i32()], [])
    linker.define_func(_WASI, "proc_exit", kind, _exit)
    linker.allow_shadowing = False
    return linker


def _exit(code: int) -> None:
    raise ExitError(code)


ENGINE = configured()
LINKER = _linked(ENGINE)
#: Does what most modules do, once, and says nothing.
_REHEARSAL = bytes(
    wasmtime.Module(
        ENGINE,
        """
        (module
          (import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (func (export "_start")
            (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 32)))))
        """,
    ).serialize()
)
_REHEARSAL_BYTES = 1 << 20


class Room:
    """What one module runs in, made before it comes; used once."""

    def __init__(self) -> None:
        # Its input and output are done by threads of the library: one will do, whatever the number of cores.
        os.environ["TOKIO_WORKER_THREADS"] = "1"
        self.store = wasmtime.Store(ENGINE)
        self.wasi = wasmtime.WasiConfig()
        self.wasi.inherit_stdout()
        self.wasi.inherit_stderr()
        self.wasi.preopen_dir(_WORK, ".")


#: For the first program of this process, if there was time.
_ROOMS: list[Room] = []


def rehearse() -> None:
    """Run a module of ours, so that what it takes of memory and threads is there when a program comes."""
    options = {"env": {}, "memory_bytes": _REHEARSAL_BYTES, "call": None}
    _start({"args": [], "code": _REHEARSAL, "options": options}, {}, Room())
    _ROOMS.append(Room())


def run(
    request: dict[str, Any], pipe: int, following: Callable[[], dict[str, Any]] | None = None
) -> NoReturn:
    """Run a module that has been translated to machine code, report, and exit as it did.

    Args:
        request: Has the machine code as `code`, `args`, and in `options` the `memory_bytes`, the
            `wall_seconds`, the variables `env`, and the exported function to `call`, if any. In a session
            also the `name` of the module, whose code comes once, and `stdin`.
        pipe: Where the reports go.
        following: Returns the next request of a session; None if there is none. After a trap, nothing
            follows.
    """
    room = _ROOMS.pop() if _ROOMS else Room()
    while True:
        outcome: dict[str, Any] = {}
        status = _run(request, outcome, room)
        if following is None or status == TRAPPED:
            reports.write(pipe, outcome)
            os._exit(status)
        reports.write(pipe, outcome, status)
        room = Room()
        request = following()


def _run(request: dict[str, Any], outcome: dict[str, Any], room: Room) -> int:
    """Run one module under a clock; return its exit status."""
    _signal.setitimer(_signal.ITIMER_REAL, request["options"]["wall_seconds"] + _GRACE_SECONDS)
    try:
        return _start(request, outcome, room)
    except ExitError as stop:
        return int(stop.args[0]) & 0xFF
    except wasmtime.Trap as trap:
        return _trapped(trap, outcome)
    except (wasmtime.WasmtimeError, CallError) as error:
        return _failed(type(error).__name__, str(error), outcome)
    finally:
        _signal.setitimer(_signal.ITIMER_REAL, 0)


def _start(request: dict[str, Any], outcome: dict[str, Any], room: Room) -> int:
    args, options = request["args"], request["options"]
    module = _module(request.pop("code"), options.get("name"))
    store = room.store
    store.set_wasi(_furnished(room.wasi, args, options))
    store.set_limits(options["memory_bytes"], _TABLE_ELEMENTS, _INSTANCES, _TABLES, _MEMORIES)
    exports = LINKER.instantiate(store, module).exports(store)
    try:
        if options["call"] is None:
            _command(exports)(store)
        else:
            outcome["value"] = _call(store, exports, options["call"], args)
    except wasmtime.Trap:
        if _is_full(store, exports) or _is_out_of_memory(store, exports):
            outcome["trap"] = "memory-limit"
        raise
    return 0


def _module(code: bytes, name: str | None) -> Any:
    """Return a module; one with a name is kept, and needs no code the next time."""
    if name in _KEPT:
        return _KEPT[name]
    module = wasmtime.Module.deserialize(ENGINE, code)
    if name is not None:
        _KEPT[name] = module
    return module


def _furnished(wasi: Any, args: list[str], options: dict[str, Any]) -> Any:
    """Add what comes with a module to what each may use: its arguments, variables and input."""
    wasi.argv = ["main", *args]
    wasi.env = list(options["env"].items())
    stdin = options.get("stdin")
    if stdin is None:
        wasi.inherit_stdin()
    elif stdin:
        with open(_STDIN, "wb") as file:
            file.write(stdin)
        wasi.stdin_file = _STDIN
    return wasi


def _command(exports: Any) -> Any:
    start = exports.get("_start")
    if not isinstance(start, wasmtime.Func):
        names = ", ".join(name for name, _ in _functions(exports)) or "none"
        raise CallError(f"the module has no `_start`; functions that can be called: {names}"[:2000])
    return start


def _call(store: Any, exports: Any, name: str, arguments: list[str]) -> Any:
    """Call an exported function with arguments as text; return its result, or a list of several."""
    functions = {export: item.type(store) for export, item in _functions(exports)}
    if name not in functions:
        known = ", ".join(_signature(*item) for item in functions.items()) or "none"
        raise CallError(f"no exported function `{name}`; there are: {known}"[:2000])
    kinds = [str(kind) for kind in functions[name].params]
    if len(arguments) != len(kinds):
        raise CallError(f"`{_signature(name, functions[name])}` was given {len(arguments)} arguments")
    values = [_number(text, kind) for text, kind in zip(arguments, kinds, strict=True)]
    if "_initialize" in functions:
        exports["_initialize"](store)
    return exports[name](store, *values)


def _functions(exports: Any) -> list[tuple[str, Any]]:
    return [(name, item) for name, item in exports.items() if isinstance(item, wasmtime.Func)]


def _signature(name: str, kind: Any) -> str:
    results = ", ".join(map(str, kind.results))
    return f"{name}({', '.join(map(str, kind.params))}){f' -> {results}' if results else ''}"


def _number(text: str, kind: str) -> int | float:
    """Read an argument; a hexadecimal or unsigned number stands for its bits."""
    try:
        if kind in ("f32", "f64"):
            return float(text)
        bits = {"i32": 32, "i64": 64}[kind]
        value = int(text, 0)
        if not -(1 << bits - 1) <= value < 1 << bits:
            raise ValueError
    except (ValueError, KeyError):
        raise CallError(f"`{text[:80]}` is no {kind}") from None
    return value - (1 << bits) if value >= 1 << bits - 1 else value


def _is_full(store: Any, exports: Any) -> bool:
    """Whether the memory cannot grow by a single page: what trapped had been refused some."""
    memory = exports.get("memory")
    if not isinstance(memory, wasmtime.Memory):
        return False
    try:
        memory.grow(store, 1)
    except wasmtime.WasmtimeError:
        return True
    return False


def _is_out_of_memory(store: Any, exports: Any) -> bool:
    """Whether the last failure of the C library was that there is no memory; linkers export its place."""
    place, memory = exports.get("errno"), exports.get("memory")
    if not isinstance(place, wasmtime.Global) or not isinstance(memory, wasmtime.Memory):
        return False
    begin = place.value(store)
    return bytes(memory.read(store, begin, begin + 4)) == _ENOMEM


def _trapped(trap: Any, outcome: dict[str, Any]) -> int:
    code = trap.trap_code
    if code is not None and code.name in _TRAPS:
        outcome.setdefault("trap", _TRAPS[code.name])
    frames = [frame.func_name or f"function {frame.func_index}" for frame in trap.frames[:_MAX_FRAMES]]
    summary = trap.message.rsplit("wasm trap: ", 1)[-1].strip()
    _failed("Trap", summary, outcome, tuple(f"  at {name}" for name in frames))
    return TRAPPED


def _failed(kind: str, message: str, outcome: dict[str, Any], lines: tuple[str, ...] = ()) -> int:
    text = "\n".join([f"{kind}: {message}", *lines])[:_MAX_TEXT] + "\n"
    os.write(2, text.encode("utf-8", "backslashreplace"))
    outcome["error"] = {"type": kind, "message": message[:_MAX_TEXT], "traceback": text}
    return 1

"""`isorun run` once its arguments are parsed: one engine, one run, one report."""

import json
from argparse import Namespace
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import msgspec

from engine import Engine, EngineConfig, PoolConfig, Result, load_config, result_to_dict

from . import _exit, _outcome
from ._console import visible_json
from ._explain import explain
from ._outputs import Written, check_folder, write_outputs
from ._request import Request, request
from ._signals import run_until_signal
from ._standard import write_data
from ._stream import LiveOutput

type MakeEngine = Callable[[EngineConfig], Engine]


def execute(arguments: Namespace, make_engine: MakeEngine = Engine) -> int:
    """Run or explain what the arguments ask for, and return the exit code."""
    # One run needs one sandbox, and none that waits for a second run.
    config = msgspec.structs.replace(load_config(), pool=PoolConfig(warm=0, max_size=1, max_warm=0, fork=False))
    wanted = request(arguments, config)
    if arguments.explain:
        return explain(make_engine(config), wanted, as_json=arguments.json)
    if arguments.output is not None:
        check_folder(arguments.output, force=arguments.force)
    if arguments.json:
        return _run_for_json(make_engine(config), wanted, arguments)
    return _run_live(make_engine(config), wanted, arguments)


def _run_live(engine: Engine, wanted: Request, arguments: Namespace) -> int:
    live = LiveOutput()
    result = run_until_signal(lambda: _stream(engine, wanted, live))
    if result.ok and "stdout" not in live.wrote:
        _print_value(result)
    _outcome.show_end(result, wanted.policy.limits)
    written = _write(arguments, result)
    if written is None:
        _outcome.show_unwritten(result.files)
    else:
        _outcome.show_written(arguments.output, written)
    return _exit.of_status(result.status)


async def _stream(engine: Engine, wanted: Request, live: LiveOutput) -> Result:
    async with engine, aclosing(engine.stream(wanted.program, wanted.policy)) as events:
        async for event in events:
            if isinstance(event, Result):
                await live.finish()
                return event
            await live.write(event.stream, event.data)
    raise AssertionError("a stream ends with its result")


def _print_value(result: Result) -> None:
    """Print the value of a program that printed nothing, as an interpreter's prompt would."""
    if result.value is not None:
        write_data(visible_json(json.dumps(result.value, ensure_ascii=False)) + "\n")
    elif result.value_omitted:
        _outcome.note(f"the value is not shown: {result.value_omitted}")


def _run_for_json(engine: Engine, wanted: Request, arguments: Namespace) -> int:
    result = run_until_signal(lambda: _run(engine, wanted))
    written = _write(arguments, result)
    fields = result_to_dict(result, inline_files=written is None)
    if written is not None:
        fields["output"] = _written_fields(arguments.output, written)
    write_data(json.dumps(fields, allow_nan=False) + "\n")
    return _exit.of_status(result.status)


async def _run(engine: Engine, wanted: Request) -> Result:
    async with engine:
        return await engine.run(wanted.program, wanted.policy)


def _written_fields(folder: str, written: Written) -> dict[str, Any]:
    left = [{"name": _strict(name), "reason": reason} for name, reason in written.left]
    return {"folder": _strict(folder), "written": written.names, "left": left}


def _strict(name: str) -> str:
    """Replace what a file name can hold and strict JSON cannot."""
    return name.encode("utf-8", "replace").decode()


def _write(arguments: Namespace, result: Result) -> Written | None:
    """Write the collected files if a folder for them was given."""
    if arguments.output is None:
        return None
    return write_outputs(arguments.output, result.files, force=arguments.force)

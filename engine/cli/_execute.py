"""`isorun run` once its arguments are parsed: one engine, one run, one report."""

import json
from argparse import Namespace
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import msgspec

from engine import AnyEngine, Engine, EngineConfig, PoolConfig, Result, load_config, result_to_dict

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
    config = load_config()
    wanted = request(arguments, config)
    if arguments.output is not None and not arguments.explain:
        check_folder(arguments.output, force=arguments.force)
    # That the background engine has the same configuration was found before.
    engine = Engine.connect() if arguments.shared else make_engine(_for_one_run(config))
    if arguments.explain:
        return explain(engine, wanted, as_json=arguments.json)
    live = None if arguments.json else LiveOutput()
    result = run_until_signal(lambda: _run(engine, wanted, live))
    return conclude(arguments, wanted, result, has_printed=live is not None and "stdout" in live.wrote)


def conclude(arguments: Namespace, wanted: Request, result: Result, *, has_printed: bool) -> int:
    """Say how a run has ended, write its files if a folder for them was given, and return the exit code."""
    if arguments.json:
        _print_json(arguments, result)
    else:
        if result.ok and not has_printed:
            _print_value(result)
        _outcome.show_end(result, wanted.policy.limits)
        _show_files(arguments, result)
    return _exit.of_status(result.status)


def _for_one_run(config: EngineConfig) -> EngineConfig:
    """One run needs one sandbox, and none that waits for a second run."""
    return msgspec.structs.replace(config, pool=PoolConfig(warm=0, max_warm=0, max_size=1, fork=False))


async def _run(engine: AnyEngine, wanted: Request, live: LiveOutput | None) -> Result:
    async with engine:
        if live is None:
            return await engine.run(wanted.program, wanted.policy)
        async with aclosing(engine.stream(wanted.program, wanted.policy)) as events:
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


def _show_files(arguments: Namespace, result: Result) -> None:
    written = _write(arguments, result)
    if written is None:
        _outcome.show_unwritten(result.files)
    else:
        _outcome.show_written(arguments.output, written)


def _print_json(arguments: Namespace, result: Result) -> None:
    written = _write(arguments, result)
    fields = result_to_dict(result, inline_files=written is None)
    if written is not None:
        fields["output"] = _written_fields(arguments.output, written)
    write_data(json.dumps(fields, allow_nan=False) + "\n")


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

"""What a user would take instead of isorun, where it is installed, for the same program."""

import shutil
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import NamedTuple

import anyio
import msgspec
from anyio import to_thread

from engine._exceptions import ConfigError, EngineError
from engine._process import run_tool

from ._floor import MeasureError, base_python, tool_ms
from ._peer_scripts import ERYX, JUPYTER, LLM_SANDBOX, MICROSANDBOX, MONTY
from ._plan import LEAST_RUNS
from ._record import Measurement
from ._workbench import Workbench

_SCRIPT_SECONDS = 120.0
_PRINT = "print(1+1)"
#: Of a failure: the last line of a traceback says what it was.
_MOST_WORDS = 300
_decoder = msgspec.json.Decoder(dict[str, float])


class Containers(NamedTuple):
    """How containers are started here.

    Attributes:
        command: The docker command, with what tells it the daemon; nothing if there is none.
        image: Of ours, which has Python; nothing if it has not been made.
        reason: Why one of them is missing.
    """

    command: tuple[str, ...] = ()
    image: str = ""
    reason: str = ""


class Peer(NamedTuple):
    """Something else that runs programs.

    Attributes:
        missing: Why it cannot be measured, and how that changes; empty if it can.
        once: Runs the program and returns the milliseconds, by the way to its sandbox. Blocks.
    """

    name: str
    missing: str
    once: Callable[[], dict[str, float]]


def _subprocess(containers: Containers) -> Peer:
    return Peer("subprocess", "", partial(_command, [base_python(), "-I", "-c", _PRINT]))


def _bwrap(containers: Containers) -> Peer:
    found = shutil.which("bwrap")
    argv = [
        found or "bwrap",
        *("--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),  # noqa: S108 (in the jail)
        *("--unshare-all", "--die-with-parent", "--new-session"),
        *(base_python(), "-I", "-c", _PRINT),
    ]
    missing = "" if found else "there is no `bwrap`; the package `bubblewrap` of the distribution has it"
    return Peer("bwrap", missing, partial(_command, argv, path="cold"))


def _docker(containers: Containers) -> Peer:
    options = ("run", "--rm", "--network", "none")
    argv = [*containers.command, *options, containers.image, "python3", "-c", _PRINT]
    return Peer("docker run", containers.reason, partial(_command, argv, path="cold"))


def _package(name: str, text: str) -> Callable[[Containers], Peer]:
    return lambda containers: Peer(name, "", partial(_script, text))


def _llm_sandbox(containers: Containers) -> Peer:
    return Peer("llm-sandbox", containers.reason, partial(_script, LLM_SANDBOX, containers.image))


PEERS: dict[str, Callable[[Containers], Peer]] = {
    "subprocess": _subprocess,
    "bwrap": _bwrap,
    "docker": _docker,
    "jupyter": _package("jupyter", JUPYTER),
    "llm-sandbox": _llm_sandbox,
    "eryx": _package("eryx", ERYX),
    "monty": _package("monty", MONTY),
    "microsandbox": _package("microsandbox", MICROSANDBOX),
}
#: Peer -> the module that it is, and what `pip` calls the package.
_PACKAGES = {
    "jupyter": ("ipykernel", "ipykernel"),
    "llm-sandbox": ("llm_sandbox", "'llm-sandbox[docker]'"),
    "eryx": ("eryx", "pyeryx"),
    "monty": ("pydantic_monty", "pydantic-monty"),
    "microsandbox": ("microsandbox", "microsandbox"),
}


def chosen(
    names: tuple[str, ...], containers: Containers, *, find_module: Callable[[str], object] = find_spec
) -> list[Peer]:
    """Return peers by name.

    Args:
        names: Of the peers.
        containers: How those are started that are containers.
        find_module: Returns None for what the interpreter lacks that runs us.

    Raises:
        ConfigError: There is no such peer.
    """
    for name in names:
        if name not in PEERS:
            raise ConfigError(f"there is no peer `{name}`", hint=f"peers: {', '.join(PEERS)}")
    found = []
    for name in dict.fromkeys(names):
        module, package = _PACKAGES.get(name, ("", ""))
        peer = PEERS[name](containers)
        if module and find_module(module) is None:
            peer = peer._replace(missing=f"`{sys.executable}` lacks it; `pip install {package}` gets it")
        found.append(peer)
    return found


async def measure_peer(bench: Workbench, peer: Peer) -> None:
    """Take turns between the floor and a peer; what cannot be measured becomes a note."""
    if peer.missing:
        bench.note(peer.name, peer.missing)
        return
    bench.say(f"startup: {peer.name}")
    values: dict[str, list[float]] = {}
    floors: list[float] = []
    try:
        await _in_turns(bench, peer, values, floors)
    except EngineError as error:
        bench.note(peer.name, str(error).strip().splitlines()[-1][:_MOST_WORDS])
    for path, milliseconds in values.items():
        bench.write(
            Measurement(
                bench="startup",
                contender=peer.name,
                is_peer=True,
                path=path,
                variant="nothing",
                measure="result",
                unit="ms",
                values=tuple(milliseconds),
                floor=tuple(floors[: len(milliseconds)]),
            )
        )


async def _in_turns(
    bench: Workbench, peer: Peer, values: dict[str, list[float]], floors: list[float]
) -> None:
    deadline = anyio.current_time() + bench.plan.series_seconds
    await to_thread.run_sync(peer.once)  # its files are in the cache of the disk from here on
    for turn in range(bench.plan.runs):
        if turn >= LEAST_RUNS and anyio.current_time() > deadline:
            break
        await anyio.sleep(bench.plan.settle_seconds)
        floors.append(await bench.floor.start_ms())
        await anyio.sleep(bench.plan.settle_seconds)
        for path, milliseconds in (await to_thread.run_sync(peer.once)).items():
            values.setdefault(path, []).append(milliseconds)


def _command(argv: list[str], path: str = "") -> dict[str, float]:
    return {path: tool_ms(argv, expected="2\n")}


def _script(text: str, *arguments: str) -> dict[str, float]:
    said = run_tool([sys.executable, "-I", "-c", text, *arguments], timeout_seconds=_SCRIPT_SECONDS)
    try:
        return _decoder.decode(said.splitlines()[-1] if said else "")
    except msgspec.DecodeError as error:
        raise MeasureError(f"it told no milliseconds: {error}") from error

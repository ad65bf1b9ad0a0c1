"""What this machine has: namespaces, cgroups, nsjail, the cache, environments, compilers, a Docker daemon."""

import os
from collections.abc import Sequence
from pathlib import Path

from anyio import to_thread

from engine import EngineConfig, EngineError
from engine._process import Warden
from engine.warden.trees import find_mounts

from ._environments import listed
from ._kernel import Fact, namespace_facts

_NEEDED_CONTROLLERS = frozenset({"memory", "pids"})


async def facts(config: EngineConfig) -> list[Fact]:
    """Look at everything that the runtimes need."""
    nsjail = await to_thread.run_sync(nsjail_fact, config)
    binary = nsjail.detail if nsjail.ok else None
    return [
        *namespace_facts(binary),
        await _cgroups(),
        nsjail,
        cache_fact(config.cache),
        environments_fact(config.cache),
        compilers_fact(config.cache),
        await docker_fact(),
    ]


async def _cgroups() -> Fact:
    try:
        async with Warden.open() as warden:
            await warden.ready()
            controllers, problems = warden.controllers, warden.problems
    except EngineError as error:
        return Fact("cgroups", False, str(error), error.hint)
    return cgroup_fact(controllers, problems, versions=_versions())


def cgroup_fact(controllers: frozenset[str], problems: Sequence[str], *, versions: Sequence[int]) -> Fact:
    """Judge what the warden can use. Pure."""
    mounted = " and ".join(f"v{version}" for version in versions) or "none"
    if controllers >= _NEEDED_CONTROLLERS:
        return Fact("cgroups", True, f"{mounted} mounted, usable: {', '.join(sorted(controllers))}")
    return Fact(
        "cgroups",
        False,
        f"{mounted} mounted; {'; '.join(problems)}; limits bind each process, not all of a run together",
        "run isorun as root, or where systemd hands control groups down:\n"
        "systemd-run --user --scope --property=Delegate=yes isorun ...",
    )


def _versions() -> list[int]:
    try:
        mounts = find_mounts(
            Path("/proc/self/mountinfo").read_text(encoding="utf-8"),
            Path("/proc/self/cgroup").read_text(encoding="utf-8"),
        )
    except OSError:
        return []
    return sorted({mount.version for mount in mounts})


def nsjail_fact(config: EngineConfig) -> Fact:
    """Find the nsjail binary and start it once."""
    try:
        # Late: a runtime that cannot be loaded is a finding, not the end of the examination.
        from runtimes.jails._binary import find_nsjail, prove_nsjail
    except ImportError as error:
        return Fact("nsjail", False, f"its runtime cannot be loaded: {error}", "install isorun again")
    try:
        binary = find_nsjail(config.nsjail, config.cache)
        prove_nsjail(binary)
    except EngineError as error:
        return Fact("nsjail", False, str(error), error.hint)
    return Fact("nsjail", True, str(binary))


def cache_fact(cache: Path) -> Fact:
    """Say whether environments can be kept in the cache folder."""
    existing = next(folder for folder in (cache, *cache.parents) if folder.exists())
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return Fact("cache", True, str(cache) if existing == cache else f"{cache} (not made yet)")
    return Fact("cache", False, f"{cache} is not writable", "choose a folder with `ISORUN_CACHE_DIR`")


def environments_fact(cache: Path) -> Fact:
    """Say which guest environments can be used."""
    entries = listed(cache)
    usable = [entry.name for entry in entries if entry.environment is not None]
    missing = [entry.reason for entry in entries if entry.environment is None]
    detail = "; ".join([f"usable: {', '.join(usable) or 'none'}", *missing])
    hint = next((entry.hint for entry in entries if entry.environment is None), "")
    return Fact("environments", bool(usable), detail, "" if usable else hint)


def compilers_fact(cache: Path) -> Fact:
    """Say which languages can be compiled to WebAssembly, and how to get the others."""
    from runtimes.wasm._rust_hint import RUST_HINT
    from runtimes.wasm._toolchain import Name, find_toolchain

    ways: dict[Name, tuple[str, str]] = {
        "c": ("C and C++", "`isorun setup --wasm c`"),
        "rust": ("Rust", RUST_HINT),
    }
    usable, fixes = [], []
    for name, (languages, way) in ways.items():
        try:
            found = find_toolchain(cache, name)
        except EngineError as error:
            fixes.append(f"{languages}: {error}; {error.hint}")
            continue
        if found is None:
            fixes.append(f"{languages}: {way}")
        else:
            usable.append(f"{languages} ({found.version}, {found.target})")
    return Fact("compilers", bool(usable), ", ".join(usable) or "none", "\n".join(fixes))


async def docker_fact() -> Fact:
    """Say which daemon would run containers, and by which OCI runtimes."""
    from runtimes.docker._daemon import Daemon, DaemonError
    from runtimes.docker._daemon_check import check_daemon, has_gpus, unreachable
    from runtimes.docker._endpoint import find_socket

    try:
        socket = find_socket()
        async with Daemon(socket) as daemon:
            try:
                info = await daemon.info()
            except DaemonError as error:
                raise unreachable(socket, error) from error
        check_daemon(info)
    except EngineError as error:
        return Fact("docker", False, str(error), error.hint)
    default = info.get("DefaultRuntime")
    names = sorted(info.get("Runtimes") or {})
    runtimes = ", ".join(f"{name} (default)" if name == default else name for name in names)
    gpus = "GPUs can be granted" if has_gpus(info) else "no GPU"
    return Fact("docker", True, f"{info.get('ServerVersion')} at {socket}; OCI runtimes: {runtimes}; {gpus}")

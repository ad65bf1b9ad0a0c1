"""Engines whose zygotes run changed guest code: without some defence, or with modules of ours."""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, override

import runtimes.nsjail
from engine import Engine, Host
from engine._host import open_host
from runtimes.jails._guest_code import _compile
from runtimes.jails._selftest import proof_file
from tests.support.jails import ProvenRuntime, config
from tests.support.zygotes import ForkingRuntime, world_readable_folder

_SOURCES = Path(runtimes.nsjail.__file__).parent.parent / "guest"


class Change(NamedTuple):
    """Replace some text, which must be there once, in one module of the guest code."""

    module: str
    old: str
    new: str = ""


def without_step(name: str) -> Change:
    """Leave a step of the sandbox out."""
    return Change("box", f"    {name},\n", "")


#: So that a sandbox without some defence does not refuse to work.
UNVERIFIED = without_step("verify")


class ChangedRuntime(ForkingRuntime):
    """The runtime with other guest code, and without its proofs.

    Args:
        host: Of the engine.
        folder: Where the compiled guest code is.
        blueprint: What to change in the zygote's blueprint.
    """

    def __init__(self, host: Host, folder: Path, **blueprint: object) -> None:
        super().__init__(host, **blueprint)
        self._folder = folder

    @override
    def _find_parts(self) -> None:
        super()._find_parts()
        self._guest_code = self._folder


class ChangedProvenRuntime(ProvenRuntime):
    """The runtime with other guest code and with its proofs, which have to notice."""

    def __init__(self, host: Host, folder: Path) -> None:
        super().__init__(host, lambda jail: None)
        self._folder = folder

    @override
    def _find_parts(self) -> None:
        super()._find_parts()
        self._guest_code = self._folder

    @override
    async def aclose(self) -> None:
        if self._prepared:
            proof_file(self._cache, self._identity(is_zygote=True)).unlink(missing_ok=True)
        await super().aclose()


@asynccontextmanager
async def changed_engine(
    *changes: Change, extra: dict[str, str] | None = None, **blueprint: object
) -> AsyncGenerator[Engine]:
    """Open an engine that forks on demand from a zygote with changed guest code.

    Args:
        changes: Of the guest code.
        extra: Modules more beside the guest code, which a blueprint can name in `modules`.
        blueprint: What to change in the zygote's blueprint.
    """
    settings = config(fork=True)
    with compiled(changes, extra or {}) as folder:
        async with open_host(settings) as host:
            runtime = ChangedRuntime(host, folder, **blueprint)
            async with Engine(settings, runtimes=[runtime]) as engine:
                yield engine


@asynccontextmanager
async def changed_proven_engine(*changes: Change) -> AsyncGenerator[Engine]:
    """Open an engine with changed guest code that proves its jails before it uses them."""
    settings = config(fork=True)
    with compiled(changes) as folder:
        async with open_host(settings) as host:
            async with Engine(settings, runtimes=[ChangedProvenRuntime(host, folder)]) as engine:
                yield engine


@contextmanager
def compiled(changes: Sequence[Change], extra: Mapping[str, str] = MappingProxyType({})) -> Iterator[Path]:
    """Lend a folder with changed guest code, compiled."""
    sources = {
        path.stem: path.read_text("utf-8") for path in _SOURCES.glob("*.py") if path.stem != "__init__"
    }
    for module, old, new in changes:
        assert sources[module].count(old) == 1, f"{old!r} is {sources[module].count(old)} times in {module}"
        sources[module] = sources[module].replace(old, new)
    with world_readable_folder() as folder:
        for name, text in {**sources, **extra}.items():
            _compile(folder, f"{name}.py", text.encode())
        yield folder

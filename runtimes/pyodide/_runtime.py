"""Python in WebAssembly: Pyodide, restored from a snapshot, in a Deno process per program."""

from typing import ClassVar, override

from engine import Program, Result
from engine._host import Host
from policies import Policy
from runtimes.environments import GUEST_TOOLS
from runtimes.v8 import OWN_THREADS, Guest, Permissions, V8Runtime
from runtimes.v8._probe import PYTHON

from ._distribution import Pyodide, find_pyodide
from ._hints import hint_for
from ._modules import objection

_DISTRIBUTION = f"{GUEST_TOOLS}/pyodide"
_PACKAGES = f"{GUEST_TOOLS}/pyodide-packages"


class PyodideRuntime(V8Runtime):
    """Python programs, each in an interpreter in WebAssembly, a Deno process and a jail of its own."""

    name: ClassVar[str] = "pyodide"
    weight: ClassVar[int] = 30
    strength: ClassVar[int] = 30
    threads: ClassVar[int] = OWN_THREADS
    least_memory_mib: ClassVar[int] = 128
    waiting_mib: ClassVar[float] = 60.0
    probe: ClassVar[str] = PYTHON
    probe_language: ClassVar[str] = "python"
    path: ClassVar[str] = "snapshot"

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._pyodide: Pyodide | None = None

    @property
    @override
    def _languages(self) -> frozenset[str]:
        return frozenset({"python"})

    @override
    def objection(self, program: Program, policy: Policy) -> str | None:
        if program.environment is not None:
            return "has no guest environments"
        return objection(program, self._found.modules)

    @override
    def hint(self, result: Result, program: Program) -> str | None:
        return hint_for(result)

    @property
    def _found(self) -> Pyodide:
        assert self._pyodide is not None, "the runtime has been prepared"  # noqa: S101
        return self._pyodide

    @override
    def _guest(self, program: Program, policy: Policy) -> Guest:
        binds = {str(self._found.folder): _DISTRIBUTION}
        packages = self._found.packages
        if packages is not None:
            binds[str(packages.site)] = _PACKAGES
        return Guest(
            entry=("pyodide.js", _DISTRIBUTION, _PACKAGES),
            binds=binds,
            permissions=Permissions(read=(_DISTRIBUTION, _PACKAGES), libraries=True),
            v8_flags=("--expose-gc", "--no-wasm-deopt"),
            key=(self._found.folder.name, packages and packages.hash),
        )

    @override
    def _find_parts(self) -> None:
        super()._find_parts()
        self._pyodide = find_pyodide(self._cache)

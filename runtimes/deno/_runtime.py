"""JavaScript and TypeScript on V8: one Deno process per program."""

from typing import ClassVar, override

from engine import Program
from policies import Policy
from runtimes.v8 import OWN_THREADS, Guest, V8Runtime
from runtimes.v8._probe import JAVASCRIPT


class DenoRuntime(V8Runtime):
    """JavaScript and TypeScript, each program in a Deno process and a jail of its own."""

    name: ClassVar[str] = "deno"
    weight: ClassVar[int] = 15
    strength: ClassVar[int] = 30
    threads: ClassVar[int] = OWN_THREADS
    least_memory_mib: ClassVar[int] = 32
    probe: ClassVar[str] = JAVASCRIPT
    probe_language: ClassVar[str] = "javascript"

    @property
    @override
    def _languages(self) -> frozenset[str]:
        return frozenset({"javascript", "typescript"})

    @override
    def _guest(self, program: Program, policy: Policy) -> Guest:
        return Guest(entry=("javascript.js", program.language))

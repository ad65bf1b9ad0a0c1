"""What a check is made of: its coroutine, the language it speaks, and words for what went wrong."""

from collections.abc import Awaitable, Callable, Mapping

import anyio
import msgspec

from engine import Emit, Engine, File, Output, Program, Result
from policies import Limits, Policy

#: Long for a loaded machine; what is waited for takes milliseconds.
PATIENCE_SECONDS = 20.0


class ConformanceError(AssertionError):
    """A runtime does not keep its contract; the message says what was expected and what came."""


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """A language and the programs that checks need in it.

    Attributes:
        name: As in `Program.language`.
        snippets: Source texts by name; `SNIPPETS` says what each must do.
        error_type: Name of the error that the snippet `error` raises.
        own_memory_mib: What the interpreter itself may take of the memory limit; checks give so much more.
        own_descriptors: What the runtime lets a program open on top of the limit, because the interpreter
            itself may need so many.
    """

    name: str
    snippets: Mapping[str, str]
    error_type: str = "ValueError"
    own_memory_mib: int = 0
    own_descriptors: int = 0


class Subject:
    """What a check is given: the engine, and programs in one language."""

    def __init__(self, engine: Engine, language: Language) -> None:
        self.engine = engine
        self.language = language

    def program(
        self,
        snippet: str,
        *args: object,
        stdin: bytes = b"",
        files: tuple[File, ...] = (),
        env: Mapping[str, str] | None = None,
    ) -> Program:
        """Build a program from a snippet; arguments of any type are passed as text."""
        return Program(
            code=self.language.snippets[snippet],
            language=self.language.name,
            args=tuple(map(str, args)),
            stdin=stdin,
            files=files,
            env=dict(env or {}),
        )

    async def run(
        self, program: Program, limits: Limits | None = None, *, emit: Emit | None = None
    ) -> Result:
        """Run a program under the default policy with these limits."""
        return await self.engine.run(program, Policy(limits=limits or Limits()), emit=emit)


type CheckFunction = Callable[[Subject], Awaitable[None]]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One promise of a runtime.

    Attributes:
        name: What holds, as words joined by underscores.
        needs: Names of the snippets that it runs.
        function: Raises `ConformanceError` if it does not hold.
    """

    name: str
    needs: frozenset[str]
    function: CheckFunction


def check(*needs: str) -> Callable[[CheckFunction], Check]:
    """Make a check of a coroutine function; it takes the function's name."""

    def make(function: CheckFunction) -> Check:
        name = getattr(function, "__name__", repr(function))
        return Check(name=name, needs=frozenset(needs), function=function)

    return make


def expect(what: str, actual: object, expected: object) -> None:
    """Compare, and name the difference."""
    if actual != expected:
        raise ConformanceError(f"{what}: expected {_shown(expected)}, got {_shown(actual)}")


def require(what: str, holds: object) -> None:
    """State something that must be true."""
    if not holds:
        raise ConformanceError(f"not true: {what}")


def expect_ok(result: Result) -> Result:
    """Require that a program ran to its end; return its result."""
    if not result.ok:
        said = _shown(result.stderr[-500:])
        raise ConformanceError(f"status: expected ok, got {result.status} ({result.reason}), stderr {said}")
    return result


async def cancel_at_first_output(subject: Subject, program: Program) -> None:
    """Run a program that goes on for long, and cancel it when its first output comes."""
    seen: list[Output] = []

    def watch(output: Output) -> None:
        seen.append(output)
        scope.cancel()

    with anyio.move_on_after(PATIENCE_SECONDS) as scope:
        await subject.run(program, emit=watch)
    require("output comes while the program runs", seen)
    require("a run ends when it is cancelled", scope.cancelled_caught)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}… ({len(text)} characters)"

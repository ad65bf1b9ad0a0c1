"""The two contracts of the engine: a `Runtime` starts a `Sandbox`, a sandbox runs a program.

Read this first, then `_pool.py`.
"""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import msgspec
from anyio.abc import AsyncResource

from policies import Policy

from ._program import IsolationInfo, Output, Program, Result, Stage

type Emit = Callable[[Output], None]
"""Receives output while a program runs. Must not block; called on the event loop."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What an isolation can run and enforce. A clause outside of it is refused, never ignored.

    Attributes:
        languages: Names accepted in `Program.language`.
        checks: Those of them whose programs it can type-check before they run (`Program.check`).
        compiles: Those of them whose programs are compiled, and so may bring flags (`Program.flags`).
        sessions: Those of them in which several programs can share a sandbox (`Engine.session`).
        calls: Those of them of which single functions can be called (`Program.call`).
        missing: Other languages that it would run, and for each what to do first.
        network_allow_list: Whether it can limit the network to listed hosts.
        mounts: Whether it can show host folders read-only.
        gpu: Whether it can hand out a GPU.
        images: Languages that it runs in a container image of the caller's own (`Policy.docker.image`).
        oci_runtimes: OCI runtimes that can be asked for (`Policy.docker.runtime`).
        cgroups: Whether limits bind the whole process tree through cgroups.
        degraded: One sentence for each limit that is enforced in a weaker way.
        slower: One sentence for each way to be fast that does not work here.
        least_memory_mib: The memory limit below which it cannot run anything; 0 where it has no such floor.
        least_pids: The same for the limit of processes and threads.
    """

    languages: frozenset[str]
    checks: frozenset[str] = frozenset()
    compiles: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()
    calls: frozenset[str] = frozenset()
    missing: dict[str, str] = {}
    network_allow_list: bool = False
    mounts: bool = False
    gpu: bool = False
    images: frozenset[str] = frozenset()
    oci_runtimes: frozenset[str] = frozenset()
    cgroups: bool = False
    degraded: tuple[str, ...] = ()
    slower: tuple[str, ...] = ()
    least_memory_mib: int = 0
    least_pids: int = 0


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """What a sandbox must be started with; equal keys share a pool.

    Attributes:
        runtime: Name of the runtime that made it.
        key: Hashable; everything that must be equal for two runs to use the same warm sandbox.
        policy: The policy to start under. Of it only what is in the key may shape the sandbox.
        environment: Guest environment, where the runtime has such.
        detail: The runtime's own data, not looked at by the engine.
        waiting_mib: Roughly, the memory that one more waiting sandbox takes.
        waiting_processes: The processes that it consists of.
    """

    runtime: str
    key: tuple[Any, ...]
    policy: Policy
    environment: str | None = None
    detail: Any = None
    waiting_mib: float = 16.0
    waiting_processes: int = 2


class Compiled(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the compile stage of a program.

    Attributes:
        program: What runs, and what the sandbox is made for: the same program if it was only checked, else
            for example one with the machine code in `code`.
        stage: Becomes `Result.stages["compile"]`.
        failure: What `Engine.run` returns if the stage did not succeed; then nothing is run. Diagnostics are
            in `stderr_bytes`. A program with errors has the status `error` and the reason `compile-failed`; a
            stage that hit a limit has the status and reason of that limit. The engine adds the stage, the
            times and why it was this runtime.
    """

    program: Program
    stage: Stage
    failure: Result | None = None


class Sandbox(AsyncResource):
    """One live isolation. Runs one program (in a session several), then is closed.

    `aclose` is idempotent, kills whatever runs, and is bounded in time.
    """

    @abstractmethod
    async def run(self, program: Program, policy: Policy, emit: Emit | None) -> Result:
        """Run a program to its end under the limits of `policy`.

        A guest failure of any kind is a `Result`. Cancelling kills the program at once.

        Args:
            program: Checked by the engine: language known, names valid, sizes bounded.
            policy: May differ from the template's policy only in what is not part of its key.
            emit: Gets every captured chunk of output, in order per stream; None when nobody watches.

        Raises:
            SandboxError: The sandbox failed for a reason that is not the program's.
        """

    @abstractmethod
    def is_alive(self) -> bool:
        """Whether the sandbox can still take a program; cheap, never blocks."""

    def cancel(self) -> bool:
        """End the program now, so that its run returns with the status `cancelled` and what it has written.

        Called on the event loop while a program runs; does not wait. Where the program has ended by itself,
        nothing happens. Return whether the sandbox can do this: if not, the engine cancels the run, and its
        result is without output.
        """
        return False

    async def run_one_of_many(self, program: Program, policy: Policy, emit: Emit | None) -> Result:
        """Run one of several programs that trust each other, for runtimes that have sessions.

        As `run`. Afterwards the sandbox can take another one if `is_reusable` says so. The policy is the same
        each time.
        """
        raise NotImplementedError("this runtime has no sessions")

    def is_reusable(self) -> bool:
        """Whether `run_one_of_many` can be called again; cheap, never blocks."""
        return False


class Runtime(AsyncResource):
    """One kind of isolation, found by the entry point group `isorun.runtimes`.

    Built with the engine's `Host` (see `_host.py`) as its only argument.
    """

    name: ClassVar[str]
    #: Order among runtimes that would do: the lightest has the lowest number.
    weight: ClassVar[int]
    #: Order by strength of the boundary: the strongest has the highest number.
    strength: ClassVar[int]

    @abstractmethod
    async def prepare(self) -> None:
        """Find what the runtime needs and prove that it contains; idempotent.

        Raises:
            RuntimeUnavailableError: Something is missing or the self-test failed; the hint says the fix.
        """

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What this runtime can run and enforce here; valid after `prepare`."""

    def objection(self, program: Program, policy: Policy) -> str | None:
        """Say why this very program is better off elsewhere; None when there is no reason. Pure, cheap.

        Asked only about languages and policies within the capabilities. Completes "`name` ...", for example
        "lacks the module `numpy`". It is no refusal: where every runtime that would do objects, or no other
        one is allowed, the program runs nevertheless and fails in its own words.
        """
        return None

    async def compile(self, program: Program, policy: Policy) -> Compiled | None:
        """Do what comes before running: check or translate the program. None when there is nothing to do.

        Called before a sandbox is leased, with the content of input files loaded. What is done to untrusted
        code is done in a sandbox under the limits of `policy`. The runtime bounds how many compile at once,
        and leaves nothing behind when cancelled.

        Raises:
            ConfigError: The program asks for something that does not exist, such as an unknown flag.
            SandboxError: The stage failed for a reason that is not the program's.
        """
        return None

    @abstractmethod
    def template(self, program: Program, policy: Policy) -> Template:
        """Say with what a sandbox for this program, compiled if need be, must be started. Pure, cheap.

        Raises:
            ConfigError: The program asks for something that does not exist, such as an environment.
        """

    @abstractmethod
    async def start(self, template: Template) -> Sandbox:
        """Start a sandbox that waits for its program; nothing untrusted has run in it.

        Raises:
            SandboxStartError: It did not become ready.
        """

    def hint(self, result: Result, program: Program) -> str | None:
        """Say what to do about a result, when this runtime knows. Pure."""
        return None


def isolation_of(
    template: Template,
    *,
    path: str,
    degraded: tuple[str, ...] = (),
    fallback: str | None = None,
    oci_runtime: str | None = None,
) -> IsolationInfo:
    """Build the part of a result that says where the program ran; the engine adds why."""
    return IsolationInfo(
        runtime=template.runtime,
        path=path,
        environment=template.environment,
        degraded=degraded,
        fallback=fallback,
        oci_runtime=oci_runtime,
    )

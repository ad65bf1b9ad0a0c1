"""What the runtimes on Deno share: one process per run, started ahead in a jail and used once."""

import os
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar, override

import msgspec

from engine import Capabilities, Program, RuntimeUnavailableError, Sandbox, Template
from engine._host import Host
from policies import Limits, Policy, key
from runtimes.jails import (
    Detail,
    Jailed,
    JailRuntime,
    JailSandbox,
    Origin,
    encode_takeover,
    ensure_proof,
    run_probe,
)

from ._binary import find_deno
from ._command import DENO_FOLDER, GUEST_FOLDER, NO_PACKAGES, Permissions, deno_command
from ._guest_files import ensure_guest_js
from ._request import encode
from ._sandbox import V8Sandbox

#: Of the process itself. Its folder cannot be made, so there is nowhere to keep anything but the sandbox.
_VARIABLES = {"DENO_DIR": "/dev/null/deno", "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}
#: Descriptors of Deno itself, on top of the policy's.
_OWN_DESCRIPTORS = 64
#: Of a process whose program starts none. Up to eleven were seen on two cores: V8 has some for each core, and
#: Deno makes more where several calls wait for the system at once.
OWN_THREADS = 14 + (os.cpu_count() or 1)


class Guest(msgspec.Struct, frozen=True, kw_only=True):
    """What a Deno process is started with, beside what all have.

    Attributes:
        entry: Name of the module that it runs, in the folder of the guest code, and its arguments.
        binds: Host path -> path in the jail, read-only.
        permissions: On top of the working folders.
        flags: Of Deno, about packages.
        v8_flags: For the engine.
        variables: Of the process, beside those that all have.
        key: What has to be equal for two runs to share a process, beside the policy's own key.
    """

    entry: tuple[str, ...]
    binds: Mapping[str, str] = {}
    permissions: Permissions = Permissions()
    flags: tuple[str, ...] = NO_PACKAGES
    v8_flags: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}
    key: tuple[object, ...] = ()


class _V8Detail(Detail, frozen=True, kw_only=True):
    """What a jail is started for, and what takes over in it."""

    command: Sequence[str]
    variables: Mapping[str, str]


class V8Runtime(JailRuntime):
    """A runtime whose programs run in a Deno process of their own, in a jail."""

    #: Threads of the process itself while it runs a program that makes none.
    threads: ClassVar[int]
    #: The process alone needs so much.
    least_memory_mib: ClassVar[int]
    #: One more that waits takes so much.
    waiting_mib: ClassVar[float]
    #: A program that tries what none may do, for the proof, and its language.
    probe: ClassVar[str]
    probe_language: ClassVar[str]
    #: For `IsolationInfo.path` when a sandbox is started on demand.
    path: ClassVar[str] = "cold"

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._deno = Path()
        self._guest_js = Path()

    @abstractmethod
    def _guest(self, program: Program, policy: Policy) -> Guest:
        """Say what the process for a program is started with. Pure, cheap."""

    @property
    @override
    def capabilities(self) -> Capabilities:
        return msgspec.structs.replace(super().capabilities, least_memory_mib=self.least_memory_mib)

    @override
    def template(self, program: Program, policy: Policy) -> Template:
        guest = self._guest(program, policy)
        heap_mib = _heap_mib(policy.limits.memory_mib)
        detail = _V8Detail(
            environment=self._smallest_environment(),
            binds={**self._deno_binds, str(self._guest_js): GUEST_FOLDER, **guest.binds},
            command=deno_command(
                guest.entry, guest.permissions, guest.flags, guest.v8_flags, heap_mib=heap_mib
            ),
            variables={**_VARIABLES, **guest.variables},
        )
        # Limits of a process cannot be changed from outside once it has started.
        own_key = (guest.entry, policy.limits.open_files, heap_mib, guest.key)
        return Template(
            runtime=self.name,
            key=(*key(policy), *own_key),
            policy=_start_policy(policy, heap_mib),
            detail=detail,
            waiting_mib=self.waiting_mib,
            waiting_processes=self._waiting_processes(detail),
        )

    @override
    async def start(self, template: Template) -> Sandbox:
        sandbox = await self._jailed(template)
        assert isinstance(sandbox, V8Sandbox), "templates with a command make no other"  # noqa: S101
        order = encode_takeover(
            template.detail.command,
            template.policy,
            environment=template.detail.environment,
            env=template.detail.variables,
            descriptors=_OWN_DESCRIPTORS,
        )
        try:
            await sandbox.take_over(order)
        except BaseException:
            await sandbox.aclose()
            raise
        return sandbox

    @override
    def _sandbox(self, template: Template, jailed: Jailed, origin: Origin) -> JailSandbox:
        if not isinstance(template.detail, _V8Detail):
            return super()._sandbox(template, jailed, origin)  # the jail's own proof
        sandbox = V8Sandbox(template, jailed, origin, self.capabilities, encode)
        sandbox.own_pids, sandbox.path = self.threads, self.path
        return sandbox

    @property
    def _deno_binds(self) -> dict[str, str]:
        return {str(self._deno.parent): DENO_FOLDER}

    @override
    def _find_parts(self) -> None:
        super()._find_parts()
        self._deno = find_deno(self._host.config.deno, self._cache)
        self._guest_js = ensure_guest_js(self._cache)

    @override
    async def _prove(self) -> None:
        if not self._has_cgroups:
            raise RuntimeUnavailableError(
                "the memory of V8 can be limited by a cgroup only, and none can be used here",
                hint="see `isorun doctor`",
            )
        await super()._prove()
        # What the process may do is said by its command line, and what it is by the folders that it sees.
        detail: _V8Detail = self.template(Program(code="", language=self.probe_language), Policy()).detail
        parts = (detail.command, sorted(detail.variables.items()), sorted(detail.binds.items()))
        identity = f"{self._identity(is_zygote=False)}\n{parts}\n{self.probe}"
        probe = Program(code=self.probe, language=self.probe_language)
        await ensure_proof(self._cache, identity, partial(run_probe, self.start, self.template, probe))


def _start_policy(policy: Policy, heap_mib: int) -> Policy:
    """Return what a process waits under: of the limits only those that its template's key has.

    The first program of a pool must not decide how little memory those after it may start with.
    """
    limits = Limits(memory_mib=heap_mib, open_files=policy.limits.open_files)
    return msgspec.structs.replace(policy, limits=limits)


def _heap_mib(memory_mib: int) -> int:
    """Return the size of V8's heap: as large as the memory limit at least, so that the cgroup decides.

    Rounded up to a power of two, so that few limits need a process of their own.
    """
    return max(512, 1 << (memory_mib - 1).bit_length())

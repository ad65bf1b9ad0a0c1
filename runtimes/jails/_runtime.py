"""What runtimes with jails share: they find the parts, prove them once, and start or fork jails."""

import os
import platform
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from pathlib import Path
from typing import override

import anyio

from engine import (
    Capabilities,
    Program,
    Result,
    Runtime,
    RuntimeUnavailableError,
    Sandbox,
    SandboxError,
    Template,
)
from engine._host import Host
from policies import Policy
from runtimes.environments import Environment, choose, list_environments, using

from ._binary import find_nsjail
from ._bpf import bpf_filter
from ._guest_code import ensure_guest_code
from ._jail import JailPlan
from ._launcher import Jailed, Launcher
from ._origin import Origin
from ._plans import guest_plan, zygote_plan
from ._request import EXEC_PIDS, Handover, bounds_of, encode_request
from ._sandbox import START_SECONDS, Detail, JailSandbox, SandboxLateError
from ._selftest import PROBE, ensure_proof, run_probe
from ._zygote import Blueprint
from ._zygotes import NoForkError, Zygotes

#: A fork takes milliseconds; a zygote that has not forked by then is taken for dead.
FORK_SECONDS = 5.0

#: Of a waiting jail: the child and its init; or nsjail, the supervisor and the runner.
_FORK_PROCESSES = 2
_EXEC_PROCESSES = 3


class JailRuntime(Runtime):
    """A runtime whose programs run in jails, prepared by the Python of a guest environment."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._cache = host.config.cache
        self._environments: dict[str, Environment] = {}
        self._nsjail = Path()
        self._guest_code = Path()
        self._cache_use = ExitStack()
        self._closing = AsyncExitStack()
        self._no_fork: str | None = None
        self._prepared = False

    @override
    async def prepare(self) -> None:
        if self._prepared:
            return
        await self.aclose()  # of an earlier attempt that failed
        await anyio.to_thread.run_sync(self._find_parts)
        await self._host.warden.ready()
        self._make_parts()
        await self._prove()
        self._prepared = True

    @property
    @abstractmethod
    def _languages(self) -> frozenset[str]:
        """Names of the languages that run here."""

    @property
    @override
    def capabilities(self) -> Capabilities:
        cgroups = self._has_cgroups
        return Capabilities(
            languages=self._languages,
            mounts=True,
            cgroups=cgroups,
            degraded=() if cgroups else _WITHOUT_CGROUPS,
            slower=() if self._no_fork is None else (f"no sandbox is forked: {self._no_fork}",),
        )

    @override
    async def start(self, template: Template) -> Sandbox:
        return await self._jailed(template)

    def _forks(self, detail: Detail) -> bool:
        """Whether a jail for this is forked, if nothing goes wrong."""
        return self._host.config.pool.fork and detail.forks and self._no_fork is None

    def _waiting_processes(self, detail: Detail) -> int:
        return _FORK_PROCESSES if self._forks(detail) else _EXEC_PROCESSES

    async def _jailed(self, template: Template) -> JailSandbox:
        """Start a jail in the fastest way that works."""
        if not self._host.config.pool.fork or not template.detail.forks:
            return await self._exec(template)
        try:
            return await self._fork(template)
        except NoForkError as error:
            return await self._exec(template, fallback=str(error))

    async def _exec(self, template: Template, *, fallback: str | None = None) -> JailSandbox:
        """Start a jail by nsjail."""
        jailed = self._launcher.start_guest(
            self._plan(template), template.detail.environment.python, bounds_of(template.policy, EXEC_PIDS)
        )
        return await _ready(self._sandbox(template, jailed, Origin(fallback)), START_SECONDS)

    async def _fork(self, template: Template) -> JailSandbox:
        """Have a zygote fork a jail.

        Raises:
            NoForkError: It cannot be done, for whatever reason.
        """
        if self._no_fork is not None:
            raise NoForkError(self._no_fork)
        detail: Detail = template.detail
        key = (detail.environment.hash, detail.preload, tuple(detail.binds.items()))
        zygotes = self._zygotes
        try:
            jailed, origin = await zygotes.fork(key, partial(self._blueprint, template), template.policy)
            sandbox = await _ready(self._sandbox(template, jailed, origin), FORK_SECONDS)
        except SandboxError as error:
            zygotes.failed(key, wedged=isinstance(error, SandboxLateError))
            raise NoForkError(str(error)) from error
        zygotes.succeeded(key)
        return sandbox

    def _sandbox(self, template: Template, jailed: Jailed, origin: Origin) -> JailSandbox:
        """Make the sandbox for a jail that has been started."""
        return JailSandbox(template, jailed, origin, self.capabilities, partial(self._encode, template))

    def _encode(self, template: Template, program: Program, policy: Policy, live: bool) -> Handover:
        """Encode a program in Python."""
        return encode_request(
            program,
            policy,
            environment=template.detail.environment,
            command=None,
            suffix=".py",
            live=live,
            cgroups=self._has_cgroups,
        )

    @property
    def _has_cgroups(self) -> bool:
        return {"memory", "pids"} <= self._host.warden.controllers

    def _blueprint(self, template: Template) -> Blueprint:
        """Say what the zygote for a template is made from; tests change it."""
        detail: Detail = template.detail
        plan = zygote_plan(detail.environment, self._guest_code, detail.binds)
        return Blueprint(plan, detail.environment, detail.preload, bpf_filter(platform.machine()))

    async def _prove(self) -> None:
        """Prove the jails of both kinds, with a program in Python; forks are done without if theirs fails."""
        identity = self._identity(is_zygote=False)
        await ensure_proof(self._cache, identity, partial(self._probe, self._exec))
        if self._host.config.pool.fork:
            self._no_fork = await self._reason_against_forks()

    async def _reason_against_forks(self) -> str | None:
        """Prove that forked jails contain, or say why there are none."""
        if not self.capabilities.cgroups:
            return "without cgroups nothing would limit a forked sandbox"
        identity = self._identity(is_zygote=True)
        try:
            await ensure_proof(self._cache, identity, partial(self._probe, self._fork))
        except (RuntimeUnavailableError, ValueError) as error:
            return str(error)
        return None

    async def _probe(self, start: Callable[[Template], Awaitable[Sandbox]]) -> Result:
        return await run_probe(start, self._probe_template, Program(code=PROBE))

    def _probe_template(self, _program: Program, policy: Policy) -> Template:
        detail = Detail(environment=self._smallest_environment())
        return Template(runtime=self.name, key=(), policy=policy, detail=detail)

    @override
    async def aclose(self) -> None:
        await self._closing.aclose()
        self._cache_use.close()

    def _make_parts(self) -> None:
        self._launcher = self._make_launcher()
        self._closing.callback(self._launcher.close)
        self._zygotes = Zygotes(self._launcher, self._host.tasks)
        self._closing.push_async_callback(self._zygotes.aclose)

    def _make_launcher(self) -> Launcher:
        return Launcher(self._host.warden, self._nsjail)

    def _find_parts(self) -> None:
        self._cache_use.enter_context(using(self._cache))
        self._nsjail = find_nsjail(self._host.config.nsjail, self._cache)
        self._guest_code = ensure_guest_code(self._cache)
        self._environments = _usable_environments(self._cache)

    def _smallest_environment(self) -> Environment:
        return choose(self._environments.values(), frozenset())

    def _plan(self, template: Template) -> JailPlan:
        detail: Detail = template.detail
        return guest_plan(detail.environment, template.policy, self._guest_code, detail.binds)

    def _identity(self, *, is_zygote: bool) -> str:
        """Describe everything that a self-test depends on."""
        status = self._nsjail.stat()
        environment = self._smallest_environment()
        kernel = os.uname()
        parts = (self._nsjail, status.st_mtime_ns, status.st_size, self._guest_code, environment.root)
        plan = JailPlan(root=environment.root, disk_mib=1, file_count=1, is_zygote=is_zygote)
        here = (kernel.release, kernel.version, str(os.geteuid()))
        return "\n".join([*map(str, parts), *here, self._launcher.text(plan), PROBE])


async def _ready(sandbox: JailSandbox, seconds: float) -> JailSandbox:
    try:
        await sandbox.wait_ready(seconds)
    except BaseException:
        await sandbox.aclose()
        raise
    return sandbox


_WITHOUT_CGROUPS = (
    "memory: limited per process by its address space, not for the whole tree",
    "cpu: limited per process, not for the whole tree",
    "pids: limited by a count of the user's processes in the jail, not by a cgroup",
)


def _usable_environments(cache: Path) -> dict[str, Environment]:
    listed = list_environments(cache)
    found = [entry.environment for entry in listed if entry.environment is not None]
    usable = {environment.name: environment for environment in found if fits(environment)}
    if not usable:
        reasons = [misfit(environment) for environment in found] + [entry.reason for entry in listed]
        reason = reasons[0] if reasons else "no guest environment is set up"
        raise RuntimeUnavailableError(reason, hint="run `isorun setup`")
    return usable


def fits(environment: Environment) -> bool:
    """Whether its interpreter can load the guest code, which ours compiles."""
    return environment.version.split(".")[:2] == platform.python_version().split(".")[:2]


def misfit(environment: Environment) -> str:
    """Say why an environment does not fit."""
    return (
        f"environment `{environment.name}` was made for Python {environment.version}, "
        f"isorun runs on {platform.python_version()}"
    )

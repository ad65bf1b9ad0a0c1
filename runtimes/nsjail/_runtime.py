"""The runtime: finds its parts, proves them once, and starts jails or has them forked."""

import os
import platform
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from pathlib import Path
from typing import ClassVar, override

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
from policies import Policy, key
from runtimes._bpf import bpf_filter
from runtimes._jail import JailPlan
from runtimes.environments import (
    Environment,
    choose,
    find_imports,
    list_environments,
    load_environment,
    preload_for,
    using,
)

from ._binary import find_nsjail
from ._guest_code import ensure_guest_code
from ._hints import hint_for
from ._languages import PYTHON, Language, find_languages
from ._launcher import Launcher
from ._origin import Origin
from ._plans import guest_plan, zygote_plan
from ._request import EXEC_PIDS, bounds_of
from ._sandbox import START_SECONDS, Detail, NsjailSandbox, SandboxLateError
from ._selftest import ensure_proof
from ._zygote import Blueprint
from ._zygotes import NoForkError, Zygotes

#: A fork takes milliseconds; a zygote that has not forked by then is taken for dead.
FORK_SECONDS = 5.0


class NsjailRuntime(Runtime):
    """Native Python from a guest environment, and interpreters of the host, each run in a jail of its own."""

    name: ClassVar[str] = "nsjail"
    weight: ClassVar[int] = 20
    strength: ClassVar[int] = 20

    def __init__(self, host: Host) -> None:
        self._host = host
        self._cache = host.config.cache
        self._environments: dict[str, Environment] = {}
        self._languages: dict[str, Language] = {}
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
        self._languages = find_languages(self._host.config.interpreters)
        await anyio.to_thread.run_sync(self._find_parts)
        await self._host.warden.ready()
        self._make_parts()
        await ensure_proof(self._exec, self.template, self._cache, self._identity(is_zygote=False))
        if self._host.config.pool.fork:
            self._no_fork = await self._reason_against_forks()
        self._prepared = True

    @property
    @override
    def capabilities(self) -> Capabilities:
        controllers = self._host.warden.controllers
        cgroups = {"memory", "pids"} <= controllers
        return Capabilities(
            languages=frozenset(self._languages),
            mounts=True,
            cgroups=cgroups,
            degraded=() if cgroups else _WITHOUT_CGROUPS,
            slower=() if self._no_fork is None else (f"no sandbox is forked: {self._no_fork}",),
        )

    @override
    def template(self, program: Program, policy: Policy) -> Template:
        environment = self._environment(program)
        system = self._languages[program.language].command is not None
        preload = () if system else preload_for(environment, find_imports(program.code))
        return Template(
            runtime=self.name,
            key=(*key(policy), environment.hash, system, preload),
            policy=policy,
            environment=environment.name,
            detail=Detail(environment=environment, preload=preload, sees_host_programs=system),
        )

    @override
    async def start(self, template: Template) -> Sandbox:
        detail: Detail = template.detail
        if not self._host.config.pool.fork or detail.sees_host_programs:
            return await self._exec(template)
        try:
            return await self._fork(template)
        except NoForkError as error:
            return await self._exec(template, fallback=str(error))

    async def _exec(self, template: Template, *, fallback: str | None = None) -> Sandbox:
        """Start a jail by nsjail."""
        jailed = self._launcher.start_guest(
            self._plan(template), template.detail.environment.python, bounds_of(template.policy, EXEC_PIDS)
        )
        sandbox = NsjailSandbox(template, jailed, Origin(fallback), self.capabilities, self._languages)
        return await _ready(sandbox, START_SECONDS)

    async def _fork(self, template: Template) -> Sandbox:
        """Have a zygote fork a jail.

        Raises:
            NoForkError: It cannot be done, for whatever reason.
        """
        if self._no_fork is not None:
            raise NoForkError(self._no_fork)
        detail: Detail = template.detail
        key = (detail.environment.hash, template.policy.mounts, detail.preload)
        zygotes = self._zygotes
        try:
            jailed, origin = await zygotes.fork(key, partial(self._blueprint, template), template.policy)
            sandbox = NsjailSandbox(template, jailed, origin, self.capabilities, self._languages)
            await _ready(sandbox, FORK_SECONDS)
        except SandboxError as error:
            zygotes.failed(key, wedged=isinstance(error, SandboxLateError))
            raise NoForkError(str(error)) from error
        zygotes.succeeded(key)
        return sandbox

    def _blueprint(self, template: Template) -> Blueprint:
        """Say what the zygote for a template is made from; tests change it."""
        detail: Detail = template.detail
        plan = zygote_plan(detail.environment, template.policy.mounts, self._guest_code)
        return Blueprint(plan, detail.environment, detail.preload, bpf_filter(platform.machine()))

    async def _reason_against_forks(self) -> str | None:
        """Prove that forked jails contain, or say why there are none."""
        if not self.capabilities.cgroups:
            return "without cgroups nothing would limit a forked sandbox"
        try:
            await ensure_proof(self._fork, self.template, self._cache, self._identity(is_zygote=True))
        except (RuntimeUnavailableError, ValueError) as error:
            return str(error)
        return None

    @override
    def hint(self, result: Result, program: Program) -> str | None:
        return hint_for(result, self._environments)

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
        listed = list_environments(self._cache)
        found = [entry.environment for entry in listed if entry.environment is not None]
        self._environments = {environment.name: environment for environment in found if _fits(environment)}
        if not self._environments:
            reasons = [_misfit(environment) for environment in found] + [entry.reason for entry in listed]
            reason = reasons[0] if reasons else "no guest environment is set up"
            raise RuntimeUnavailableError(reason, hint="run `isorun setup`")

    def _environment(self, program: Program) -> Environment:
        if program.environment is not None:
            known = self._environments.get(program.environment)
            environment = known or load_environment(self._cache, program.environment)
            if not _fits(environment):
                hint = "run `isorun setup`, or add the environment again"
                raise RuntimeUnavailableError(_misfit(environment), hint=hint)
            return environment
        if program.language != PYTHON:
            return choose(self._environments.values(), frozenset())
        return choose(self._environments.values(), find_imports(program.code))

    def _plan(self, template: Template) -> JailPlan:
        detail: Detail = template.detail
        return guest_plan(
            detail.environment,
            template.policy,
            self._guest_code,
            sees_host_programs=detail.sees_host_programs,
        )

    def _identity(self, *, is_zygote: bool) -> str:
        """Describe everything that a self-test depends on."""
        status = self._nsjail.stat()
        environment = choose(self._environments.values(), frozenset())
        kernel = os.uname()
        parts = (self._nsjail, status.st_mtime_ns, status.st_size, self._guest_code, environment.root)
        plan = JailPlan(root=environment.root, disk_mib=1, file_count=1, is_zygote=is_zygote)
        return "\n".join(
            [*map(str, parts), kernel.release, kernel.version, str(os.geteuid()), self._launcher.text(plan)]
        )


async def _ready(sandbox: NsjailSandbox, seconds: float) -> NsjailSandbox:
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


def _fits(environment: Environment) -> bool:
    """Whether its interpreter can load the guest code, which ours compiles."""
    return environment.version.split(".")[:2] == platform.python_version().split(".")[:2]


def _misfit(environment: Environment) -> str:
    return (
        f"environment `{environment.name}` was made for Python {environment.version}, "
        f"isorun runs on {platform.python_version()}"
    )

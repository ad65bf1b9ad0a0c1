"""The runtime: finds its parts, proves them once, and starts jails."""

import itertools
import os
import platform
from contextlib import ExitStack
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
    SandboxStartError,
    Template,
)
from engine._host import Host
from policies import Policy, key
from runtimes._jail import GUEST_UID, JailPlan, jail_text
from runtimes._pipes import GUEST_DESCRIPTORS, make_pipes
from runtimes.environments import (
    Environment,
    choose,
    find_imports,
    list_environments,
    load_environment,
    using,
)

from ._binary import find_nsjail
from ._guest_code import GUEST_CODE, SUPERVISOR, ensure_guest_code
from ._hints import hint_for
from ._languages import PYTHON, Language, find_languages
from ._request import bounds_of
from ._sandbox import Detail, NsjailSandbox
from ._selftest import ensure_proof

#: Descriptors that nsjail itself needs, closed before the jail's first process is executed.
_CONFIG, _LOG = 9, 10
#: Above all uids that systems hand out; each live sandbox of each engine gets one of its own.
_FIRST_UID = 0x7000_0000
_UIDS_PER_ENGINE = 4096

#: More templates than this are made anew when they come again.
_MAX_CONFIGS = 64

#: What an interpreter of the host needs to see: programs and libraries, no configuration but the linker's.
_HOST_BINDS = ("/usr", "/etc/alternatives", "/etc/ld.so.cache")


class NsjailRuntime(Runtime):
    """Native Python from a guest environment, and interpreters of the host, each run in a jail of its own."""

    name: ClassVar[str] = "nsjail"
    weight: ClassVar[int] = 20
    strength: ClassVar[int] = 20

    def __init__(self, host: Host) -> None:
        self._host = host
        self._cache = host.config.cache
        self._configs: dict[tuple[object, ...], int] = {}
        self._uids = itertools.count()
        self._environments: dict[str, Environment] = {}
        self._languages: dict[str, Language] = {}
        self._nsjail = Path()
        self._guest_code = Path()
        self._cache_use = ExitStack()
        self._prepared = False

    @override
    async def prepare(self) -> None:
        if self._prepared:
            return
        self._cache_use.close()  # of an earlier attempt that failed
        self._languages = find_languages(self._host.config.interpreters)
        await anyio.to_thread.run_sync(self._find_parts)
        await self._host.warden.ready()
        await ensure_proof(self, self._cache, self._identity())
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
        )

    @override
    def template(self, program: Program, policy: Policy) -> Template:
        environment = self._environment(program)
        system = self._languages[program.language].command is not None
        return Template(
            runtime=self.name,
            key=(*key(policy), environment.hash, system),
            policy=policy,
            environment=environment.name,
            detail=Detail(environment=environment, sees_host_programs=system),
        )

    @override
    async def start(self, template: Template) -> Sandbox:
        detail: Detail = template.detail
        uid = self._next_uid()
        try:
            config = self._config(template)
            pipes, guest = make_pipes(uid if os.geteuid() == 0 else None)
        except OSError as error:
            raise SandboxStartError(
                f"the sandbox cannot be started: {error.strerror}",
                hint="run fewer programs at once, or raise the limit of open files (`ulimit -n`)",
            ) from error
        try:
            descriptors = {**guest.descriptors, _CONFIG: config, _LOG: guest.log}
            argv = [*self._command(uid), detail.environment.python, "-I", "-S", "-B", SUPERVISOR]
            child = self._host.warden.spawn(argv, descriptors, bounds_of(template.policy))
        finally:
            guest.close()
        sandbox = NsjailSandbox(template, child, pipes, self.capabilities, self._languages)
        try:
            await sandbox.wait_ready()
        except BaseException:
            await sandbox.aclose()
            raise
        return sandbox

    @override
    def hint(self, result: Result, program: Program) -> str | None:
        return hint_for(result, self._environments)

    @override
    async def aclose(self) -> None:
        for descriptor in self._configs.values():
            os.close(descriptor)
        self._configs.clear()
        self._cache_use.close()

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

    def _next_uid(self) -> int:
        """Return the host uid of one sandbox: its own for root's engines, ours without privilege."""
        if os.geteuid() != 0:
            return os.geteuid()
        block = self._host.warden.pid % 0x8000
        return _FIRST_UID + block * _UIDS_PER_ENGINE + next(self._uids) % _UIDS_PER_ENGINE

    def _command(self, uid: int) -> list[str]:
        gid = uid if os.geteuid() == 0 else os.getegid()
        return [
            str(self._nsjail),
            "--config",
            f"/proc/self/fd/{_CONFIG}",
            "--log_fd",
            str(_LOG),
            "--user",
            f"{GUEST_UID}:{uid}:1",
            "--group",
            f"{GUEST_UID}:{gid}:1",
            "--",
        ]

    def _config(self, template: Template) -> int:
        """Return a descriptor of the nsjail configuration for a template; made once per template."""
        descriptor = self._configs.get(template.key)
        if descriptor is None:
            text = jail_text(self._plan(template))
            descriptor = os.memfd_create("isorun-jail", os.MFD_CLOEXEC)
            os.write(descriptor, text.encode())
            self._configs[template.key] = descriptor
            if len(self._configs) > _MAX_CONFIGS:
                os.close(self._configs.pop(next(iter(self._configs))))
        return descriptor

    def _plan(self, template: Template) -> JailPlan:
        detail: Detail = template.detail
        limits = template.policy.limits
        binds = {str(self._guest_code): GUEST_CODE}
        if detail.environment.packages is not None:
            binds[str(detail.environment.packages)] = "/opt/packages"
        if detail.sees_host_programs:
            binds |= {path: path for path in _HOST_BINDS if os.path.exists(path)}
        return JailPlan(
            root=detail.environment.root,
            binds=binds,
            mounts=template.policy.mounts,
            disk_mib=limits.disk_mib,
            file_count=limits.file_count,
            open_descriptors=GUEST_DESCRIPTORS,
        )

    def _identity(self) -> str:
        """Describe everything that the self-test depends on."""
        status = self._nsjail.stat()
        environment = choose(self._environments.values(), frozenset())
        kernel = os.uname()
        parts = (self._nsjail, status.st_mtime_ns, status.st_size, self._guest_code, environment.root)
        plan = JailPlan(root=environment.root, disk_mib=1, file_count=1)
        return "\n".join(
            [*map(str, parts), kernel.release, kernel.version, str(os.geteuid()), jail_text(plan)]
        )


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

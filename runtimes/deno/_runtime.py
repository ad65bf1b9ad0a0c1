"""JavaScript and TypeScript on V8: one Deno process per program."""

from typing import ClassVar, override

import anyio
import msgspec

from engine import Capabilities, Compiled, Program, Result, RuntimeUnavailableError, Template
from engine._host import Host
from policies import Policy
from runtimes.jails import Handover, Jailed, JailSandbox, Origin, stage_policy
from runtimes.v8 import OWN_THREADS, Guest, Permissions, V8Runtime
from runtimes.v8._probe import JAVASCRIPT

from ._compile import CheckDetail, check_program, check_template, compiled, encode_check
from ._hints import hint_for
from ._npm import IMPORT_MAP, NPM_FOLDER, NpmPackages, find_npm

#: Type checks side by side: each takes a second of one core and 200 MiB.
_MAX_CHECKS = 2


class DenoRuntime(V8Runtime):
    """JavaScript and TypeScript, each program in a Deno process and a jail of its own."""

    name: ClassVar[str] = "deno"
    weight: ClassVar[int] = 15
    strength: ClassVar[int] = 30
    threads: ClassVar[int] = OWN_THREADS
    least_memory_mib: ClassVar[int] = 32
    waiting_mib: ClassVar[float] = 15.0
    probe: ClassVar[str] = JAVASCRIPT
    probe_language: ClassVar[str] = "javascript"

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._npm: NpmPackages | None = None
        self._npm_problem: RuntimeUnavailableError | None = None
        self._checks = anyio.CapacityLimiter(_MAX_CHECKS)

    @property
    @override
    def _languages(self) -> frozenset[str]:
        return frozenset({"javascript", "typescript"})

    @property
    @override
    def capabilities(self) -> Capabilities:
        return msgspec.structs.replace(super().capabilities, checks=frozenset({"typescript"}))

    @override
    async def compile(self, program: Program, policy: Policy) -> Compiled | None:
        if not program.check:
            return None
        packages = self._packages(policy)
        binds = {**self._deno_binds, **_binds(packages)}
        bounds = stage_policy(policy.compile)
        template = check_template(
            self.name, bounds, self._smallest_environment(), binds, has_packages=packages is not None
        )
        async with self._checks:
            sandbox = await self._jailed(template)
            async with sandbox:
                result = await sandbox.run(check_program(program, template), bounds, None)
        return compiled(program, result)

    @override
    def hint(self, result: Result, program: Program) -> str | None:
        return hint_for(result)

    @override
    def _guest(self, program: Program, policy: Policy) -> Guest:
        packages = self._packages(policy)
        if packages is None:
            return Guest(entry=("javascript.js", program.language))
        return Guest(
            entry=("javascript.js", program.language, "packages"),
            binds=_binds(packages),
            permissions=Permissions(read=(NPM_FOLDER,)),
            flags=(f"--import-map={NPM_FOLDER}/{IMPORT_MAP}",),
            variables={"DENO_DIR": NPM_FOLDER},
            key=(packages.key,),
        )

    @override
    def _sandbox(self, template: Template, jailed: Jailed, origin: Origin) -> JailSandbox:
        sandbox = super()._sandbox(template, jailed, origin)
        sandbox.own_pids = self.threads
        return sandbox

    @override
    def _encode(self, template: Template, program: Program, policy: Policy, live: bool) -> Handover:
        if isinstance(template.detail, CheckDetail):
            return encode_check(template.detail, program, policy)
        return super()._encode(template, program, policy, live)

    @override
    def _find_parts(self) -> None:
        super()._find_parts()
        try:
            self._npm = find_npm(self._cache)
        except RuntimeUnavailableError as error:
            self._npm_problem = error  # nobody else has to suffer from it

    def _packages(self, policy: Policy) -> NpmPackages | None:
        """Return the packages that a program may import; they are looked at when the runtime is prepared.

        Raises:
            RuntimeUnavailableError: They are damaged.
        """
        if policy.packages != "prefetched":
            return None
        if self._npm_problem is not None:
            raise self._npm_problem
        return self._npm


def _binds(packages: NpmPackages | None) -> dict[str, str]:
    return {} if packages is None else {str(packages.store): NPM_FOLDER}

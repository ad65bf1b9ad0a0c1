"""C, C++, Rust and modules in WebAssembly: each program in a process and a jail of its own."""

from pathlib import Path
from typing import ClassVar, override

import msgspec

from engine import Capabilities, Compiled, EngineError, Program, Result, RuntimeUnavailableError, Template
from engine._host import Host
from policies import Limits, Policy, key
from runtimes.environments import Environment, load_environment
from runtimes.jails import (
    Detail,
    Handover,
    Jailed,
    JailRuntime,
    JailSandbox,
    Origin,
    ensure_proof,
    fits,
    misfit,
    run_probe,
)

from ._build import BuildDetail, Source, build_program, build_template, encode_build
from ._builder import Builder
from ._flags import check_flags
from ._hints import hint_for
from ._languages import LANGUAGES
from ._probe import PROBE, checked
from ._sandbox import ModuleSandbox
from ._store import Store
from ._toolchain import NAMES, TOOLCHAIN, Name, Toolchain, find_toolchain, toolchain_folder

ENVIRONMENT = "wasm"
#: Threads of the process itself: for its input and output, and one that looks at the clock.
OWN_THREADS = 6
_LEAST_MEMORY_MIB = 24
#: Of a waiting process: the interpreter with wasmtime, which has run a module already.
_WAITING_MIB = 20.0
_SETUP_HINT = "run `isorun setup --wasm`"


class _ModuleDetail(Detail, frozen=True, kw_only=True):
    """What a jail for one module is started with."""


class WasmRuntime(JailRuntime):
    """Modules in WebAssembly, and what is compiled to such, each in a process and a jail of its own."""

    name: ClassVar[str] = "wasm"
    weight: ClassVar[int] = 10
    strength: ClassVar[int] = 40

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._toolchains: dict[Name, Toolchain] = {}
        self._builder = Builder(Store(self._cache / "compiled"), self._run_build, host.tasks)

    @property
    @override
    def _languages(self) -> frozenset[str]:
        return frozenset(
            name
            for name, language in LANGUAGES.items()
            if language.toolchain is None or language.toolchain in self._toolchains
        )

    @property
    @override
    def capabilities(self) -> Capabilities:
        languages = self._languages
        return msgspec.structs.replace(
            super().capabilities,
            compiles=frozenset(name for name in languages if LANGUAGES[name].toolchain is not None),
            calls=languages,
            sessions=languages,
            missing={
                name: f"run `isorun setup --wasm {language.toolchain}`"
                for name, language in LANGUAGES.items()
                if name not in languages
            },
            least_memory_mib=_LEAST_MEMORY_MIB,
            mounts=False,
        )

    @override
    async def compile(self, program: Program, policy: Policy) -> Compiled:
        check_flags(program.flags, policy.compile.flags)
        toolchain = LANGUAGES[program.language].toolchain
        source = Source.of(program, None if toolchain is None else self._toolchains[toolchain])
        name = source.key(self._environment.hash, self._guest_code.name)
        return await self._builder.compile(source, name, policy)

    async def _run_build(self, source: Source, policy: Policy) -> Result:
        template = build_template(self.name, source, policy, self._environment, self._binds(source))
        async with await self._jailed(template) as sandbox:
            return await sandbox.run(build_program(source), policy, None)

    def _binds(self, source: Source) -> dict[str, str]:
        toolchain = source.toolchain
        if toolchain is None:
            return {}
        return {str(toolchain_folder(self._cache, toolchain.name) / toolchain.hash): TOOLCHAIN}

    @override
    def template(self, program: Program, policy: Policy) -> Template:
        detail = _ModuleDetail(environment=self._environment, preload=("wasmtime", "wasm"))
        return Template(
            runtime=self.name,
            key=key(policy),
            policy=_start_policy(policy),
            detail=detail,
            waiting_mib=_WAITING_MIB,
            waiting_processes=self._waiting_processes(detail),
        )

    @override
    def hint(self, result: Result, program: Program) -> str | None:
        return hint_for(result, program)

    @override
    def _sandbox(self, template: Template, jailed: Jailed, origin: Origin) -> JailSandbox:
        if not isinstance(template.detail, _ModuleDetail):
            return super()._sandbox(template, jailed, origin)
        cgroups = self._has_cgroups
        sandbox = ModuleSandbox(template, jailed, origin, self.capabilities, cgroups=cgroups)
        sandbox.own_pids = OWN_THREADS
        return sandbox

    @override
    def _encode(self, template: Template, program: Program, policy: Policy, live: bool) -> Handover:
        detail: Detail = template.detail
        match detail:
            case BuildDetail():
                return encode_build(detail, program, policy, cgroups=self._has_cgroups)
            case _:
                return super()._encode(template, program, policy, live)  # the jail's own proof

    @override
    async def _prove(self) -> None:
        if not self._has_cgroups:
            raise RuntimeUnavailableError(
                "the memory of wasmtime can be limited by a cgroup only, and none can be used here",
                hint="see `isorun doctor`",
            )
        await super()._prove()
        identity = f"{self._identity(is_zygote=False)}\n{PROBE}"
        await ensure_proof(self._cache, identity, self._probe_module)

    async def _probe_module(self) -> Result:
        compiled = await self.compile(Program(code=PROBE, language="wat", call="check"), Policy())
        if compiled.failure is not None:
            return compiled.failure
        return checked(await run_probe(self.start, self.template, compiled.program))

    @property
    def _environment(self) -> Environment:
        return self._environments[ENVIRONMENT]

    @override
    def _find_parts(self) -> None:
        super()._find_parts()
        try:
            environment = load_environment(self._cache, ENVIRONMENT)
        except EngineError as error:
            raise RuntimeUnavailableError("WebAssembly is not set up", hint=_SETUP_HINT) from error
        if not fits(environment):
            raise RuntimeUnavailableError(misfit(environment), hint=_SETUP_HINT)
        self._environments = {ENVIRONMENT: environment}
        self._toolchains = _find_toolchains(self._cache)


def _find_toolchains(cache: Path) -> dict[Name, Toolchain]:
    toolchains: dict[Name, Toolchain] = {}
    for name in NAMES:
        toolchain = find_toolchain(cache, name)
        if toolchain is not None:
            toolchains[name] = toolchain
    return toolchains


def _start_policy(policy: Policy) -> Policy:
    """Return what a process waits under: of the limits only those that its template's key has.

    The first program of a pool must not decide how few threads those after it may start with.
    """
    return msgspec.structs.replace(policy, limits=Limits())

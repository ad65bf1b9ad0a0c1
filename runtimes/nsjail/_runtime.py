"""Native Python from guest environments, and interpreters of the host, each run in a jail of its own."""

import os
from typing import ClassVar, override

from engine import Program, Result, RuntimeUnavailableError, Template
from engine._host import Host
from policies import Policy, key
from runtimes.environments import Environment, choose, find_imports, load_environment, preload_for
from runtimes.jails import Detail, Handover, JailRuntime, encode_request, fits, misfit

from ._hints import hint_for
from ._languages import PYTHON, Language, find_languages

#: What an interpreter of the host needs to see: programs and libraries, no configuration but the linker's.
_HOST_BINDS = ("/usr", "/etc/alternatives", "/etc/ld.so.cache")
#: One more waiting sandbox takes so much. A fork shares nearly all with its zygote; interpreters that were
#: started share their files alone.
_FORK_MIB = 2.0
_EXEC_MIB = 10.0


class NsjailRuntime(JailRuntime):
    """Native Python from a guest environment, and interpreters of the host, each run in a jail of its own."""

    name: ClassVar[str] = "nsjail"
    weight: ClassVar[int] = 20
    strength: ClassVar[int] = 20

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._language_table: dict[str, Language] = {}

    @property
    @override
    def _languages(self) -> frozenset[str]:
        return frozenset(self._language_table)

    @override
    def template(self, program: Program, policy: Policy) -> Template:
        environment = self._environment(program)
        system = self._language_table[program.language].command is not None
        preload = () if system else preload_for(environment, find_imports(program.code))
        detail = Detail(
            environment=environment,
            preload=preload,
            binds=_host_binds() if system else {},
            forks=not system,
        )
        return Template(
            runtime=self.name,
            key=(*key(policy), environment.hash, system, preload),
            policy=policy,
            environment=environment.name,
            detail=detail,
            waiting_mib=_FORK_MIB if self._forks(detail) else _EXEC_MIB,
            waiting_processes=self._waiting_processes(detail),
        )

    @override
    def hint(self, result: Result, program: Program) -> str | None:
        return hint_for(result, self._environments)

    @override
    def _find_parts(self) -> None:
        self._language_table = find_languages(self._host.config.interpreters)
        super()._find_parts()

    @override
    def _encode(self, template: Template, program: Program, policy: Policy, live: bool) -> Handover:
        language = self._language_table[program.language]
        return encode_request(
            program,
            policy,
            environment=template.detail.environment,
            command=language.command,
            suffix=language.suffix,
            live=live,
            cgroups=self._has_cgroups,
        )

    def _environment(self, program: Program) -> Environment:
        if program.environment is not None:
            known = self._environments.get(program.environment)
            environment = known or load_environment(self._cache, program.environment)
            if not fits(environment):
                hint = "run `isorun setup`, or add the environment again"
                raise RuntimeUnavailableError(misfit(environment), hint=hint)
            return environment
        if program.language != PYTHON:
            return self._smallest_environment()
        return choose(self._environments.values(), find_imports(program.code))


def _host_binds() -> dict[str, str]:
    return {path: path for path in _HOST_BINDS if os.path.exists(path)}

"""Engines and runtimes over real jails, also with one defence taken away."""

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import override

from nsjail.config import NsJailConfig
from nsjail.serializers.textproto import to_textproto

from engine import Engine, EngineConfig, Host, PoolConfig, Program, Result, Template, load_config
from engine._process import Warden
from policies import Limits, Policy
from runtimes._jail import jail_config
from runtimes.nsjail import NsjailRuntime
from runtimes.nsjail._languages import find_languages
from runtimes.nsjail._selftest import _proof_file

type Edit = Callable[[NsJailConfig], None]

#: Sandboxes on demand: what a test starts is all there is.
ON_DEMAND = PoolConfig(warm=0)


def config(**changes: object) -> EngineConfig:
    """Return the machine's own configuration (its cache, its nsjail) with changes in kebab case."""
    return load_config(overrides={"pool": {"warm": 0}, **changes})


def limited(**limits: float) -> Policy:
    """Return a policy with a few limits changed."""
    return Policy(limits=Limits(**limits))  # type: ignore[arg-type]


class EditedRuntime(NsjailRuntime):
    """The runtime with a changed nsjail configuration, and without the proof that would refuse it."""

    def __init__(self, host: Host, edit: Edit) -> None:
        super().__init__(host)
        self._edit = edit

    @override
    async def prepare(self) -> None:
        self._find_parts()
        await self._host.warden.ready()
        self._languages = find_languages({})
        self._prepared = True

    @override
    def _config(self, template: Template) -> int:
        descriptor = self._configs.get(template.key)
        if descriptor is None:
            edited = jail_config(self._plan(template))
            self._edit(edited)
            descriptor = os.memfd_create("edited-jail", os.MFD_CLOEXEC)
            os.write(descriptor, to_textproto(edited).encode())
            self._configs[template.key] = descriptor
        return descriptor


class ProvenRuntime(EditedRuntime):
    """The changed runtime with its proof, which has to notice the change; the proof is not kept."""

    def __init__(self, host: Host, edit: Edit) -> None:
        super().__init__(host, edit)
        self._salt = os.urandom(16).hex()

    @override
    async def prepare(self) -> None:
        await NsjailRuntime.prepare(self)

    @override
    def _identity(self) -> str:
        return f"{super()._identity()}\nedited {self._salt}"

    @override
    async def aclose(self) -> None:
        await super().aclose()
        _proof_file(self._cache, self._identity()).unlink(missing_ok=True)


@asynccontextmanager
async def edited_engine(
    edit: Edit, *, warden: type[Warden] = Warden, runtime: type[EditedRuntime] = EditedRuntime
) -> AsyncGenerator[Engine]:
    """Open an engine whose jails lack something."""
    settings = config()
    async with warden.open() as opened:
        edited = runtime(Host(settings, opened), edit)
        async with Engine(settings, runtimes=[edited]) as engine:
            yield engine


async def run_python(engine: Engine, code: str, policy: Policy | None = None, **fields: object) -> Result:
    """Run Python code."""
    return await engine.run(Program(code=code, **fields), policy)  # type: ignore[arg-type]

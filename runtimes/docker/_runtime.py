"""Containers of a Docker daemon on this machine: for what needs a distribution, a compiler or hours."""

import os
import platform
import secrets
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, override

import anyio
import msgspec

from engine import (
    Capabilities,
    Compiled,
    ConfigError,
    Program,
    Result,
    Runtime,
    RuntimeUnavailableError,
    Sandbox,
    Template,
)
from engine._host import Host
from policies import Docker, Policy, key
from runtimes.jails import ensure_proof, limit_hint, run_probe

from ._build import builder, compiled, stage_bounds
from ._catalog import IMAGE_LABEL, reference
from ._container import Detail, container_config
from ._daemon_check import check_daemon, has_gpus, not_started, own_images, unreachable
from ._endpoint import find_socket
from ._handover import WAIT_SCRIPT
from ._languages import LANGUAGES
from ._probe import PROBE, checked
from ._seccomp import seccomp_profile

if TYPE_CHECKING:
    from ._daemon import Daemon
    from ._remover import Remover
    from ._sandbox import DockerSandbox

#: A container has a shell, the supervisor, and the interpreter in it.
_LEAST_MEMORY_MIB = 24
#: Of a waiting container: a shell, `tar`, and what the daemon keeps beside them.
_WAITING_MIB = 15.0
_WAITING_PROCESSES = 3


class DockerRuntime(Runtime):
    """Containers of a Docker daemon on this machine, each for one program."""

    name: ClassVar[str] = "docker"
    weight: ClassVar[int] = 50
    strength: ClassVar[int] = 10

    def __init__(self, host: Host) -> None:
        self._host = host
        self._daemon: Daemon | None = None
        self._remover: Remover | None = None
        self._info: dict[str, Any] = {}
        self._images: dict[str, str] = {}
        self._proven: set[str] = set()
        self._proving = anyio.Lock()
        self._count = os.getpid()
        self._owner = ""

    # Preparation

    @override
    async def prepare(self) -> None:
        if self._proven:
            return
        await self.aclose()  # of an earlier attempt that failed
        path = find_socket()
        # Late: a client of HTTP is large, and most engines have no containers.
        from ._daemon import Daemon, DaemonError
        from ._remover import Remover, own_label, sweep

        await self._host.warden.ready()
        self._owner = own_label()
        self._daemon = Daemon(path)
        self._remover = Remover(self._daemon, self._host.tasks)
        try:
            self._info = await self._daemon.info()
            await sweep(self._daemon)
            self._images = own_images(await self._daemon.images(IMAGE_LABEL))
        except DaemonError as error:
            raise unreachable(path, error) from error
        check_daemon(self._info)
        if not self._images:
            raise RuntimeUnavailableError("no image is set up", hint="run `isorun setup --image python`")
        await self._prove(self._default_runtime)

    @property
    @override
    def capabilities(self) -> Capabilities:
        languages = {name for name, language in LANGUAGES.items() if language.image in self._images}
        return Capabilities(
            languages=frozenset(languages),
            missing={
                name: f"run `isorun setup --image {language.image}`"
                for name, language in LANGUAGES.items()
                if name not in languages
            },
            images=frozenset(LANGUAGES),
            oci_runtimes=frozenset(self._info.get("Runtimes") or {self._default_runtime: {}}),
            gpu=has_gpus(self._info),
            cgroups=True,
            least_memory_mib=_LEAST_MEMORY_MIB,
        )

    @property
    def _default_runtime(self) -> str:
        return str(self._info.get("DefaultRuntime") or "runc")

    async def _prove(self, oci_runtime: str) -> None:
        """Prove that containers of an OCI runtime contain, once."""
        async with self._proving:
            if oci_runtime in self._proven:
                return
            examine = partial(self._examine, oci_runtime)
            identity = self._identity(oci_runtime)
            await ensure_proof(self._host.config.cache, identity, examine, what="container")
            self._proven.add(oci_runtime)

    async def _examine(self, oci_runtime: str) -> Result:
        image = next(iter(self._images))
        docker = Docker(runtime=oci_runtime)

        def template(program: Program, policy: Policy) -> Template:
            return self._template(image, msgspec.structs.replace(policy, docker=docker))

        return checked(await run_probe(self._start, template, Program(code=PROBE, language="sh")))

    def _identity(self, oci_runtime: str) -> str:
        """Describe everything that a self-test depends on."""
        known = ("ServerVersion", "KernelVersion", "CgroupVersion", "CgroupDriver", "SecurityOptions", "ID")
        parts = [str(self._info.get(name)) for name in known]
        runtime = str((self._info.get("Runtimes") or {}).get(oci_runtime))
        images = [f"{name} {id_}" for name, id_ in sorted(self._images.items())]
        text = [oci_runtime, runtime, *images, seccomp_profile(platform.machine()), WAIT_SCRIPT, PROBE]
        config = container_config(Detail(image="", image_name=""), Policy(), number=0, owner="")
        return "\n".join([*parts, *text, msgspec.json.encode(config).decode()])

    # Programs

    @override
    def template(self, program: Program, policy: Policy) -> Template:
        return self._template(LANGUAGES[program.language].image, policy)

    def _template(self, image: str, policy: Policy) -> Template:
        own = policy.docker.image
        detail = Detail(
            image=own or self._images[image],
            image_name=own or reference(image),
            oci_runtime=policy.docker.runtime,
        )
        return Template(
            runtime=self.name,
            key=(*key(policy), policy.limits.disk_mib, policy.limits.file_count, detail.image),
            policy=policy,
            environment=detail.image_name,
            detail=detail,
            waiting_mib=_WAITING_MIB,
            waiting_processes=_WAITING_PROCESSES,
        )

    @override
    async def compile(self, program: Program, policy: Policy) -> Compiled | None:
        if LANGUAGES[program.language].build is None:
            return None
        bounds = stage_bounds(policy)
        template = self._template(LANGUAGES[program.language].image, bounds)
        async with await self.start(template) as sandbox:
            result = await sandbox.run(builder(program), bounds, None)
        return compiled(program, result)

    @override
    async def start(self, template: Template) -> Sandbox:
        await self._prove(template.policy.docker.runtime or self._default_runtime)
        return await self._start(template)

    async def _start(self, template: Template) -> "DockerSandbox":
        from ._daemon import DaemonError

        try:
            return await self._started(await self._resolved(template))
        except DaemonError as error:
            raise not_started(template, error) from error

    async def _started(self, template: Template) -> "DockerSandbox":
        from ._sandbox import DockerSandbox, wait_ready

        (daemon, remover), detail = self._open(), template.detail
        name = f"isorun-{secrets.token_hex(8)}"
        self._count += 1
        config = container_config(detail, template.policy, number=self._count, owner=self._owner)
        attached = None
        try:
            container = await _created(daemon, name, config)
            attached = await daemon.attach(container)
            await daemon.start(container)
            await wait_ready(attached, detail.image_name)
            state = (await daemon.inspect(container))["State"]
            child = await self._host.warden.contain(state["Pid"], container, str(daemon.path))
            oci_runtime = detail.oci_runtime or self._default_runtime
            return DockerSandbox(template, oci_runtime, name, daemon, attached, child, remover)
        except BaseException:
            with anyio.CancelScope(shield=True):
                if attached is not None:
                    await attached.aclose()
            remover.remove(name)
            raise

    async def _resolved(self, template: Template) -> Template:
        """Replace the name of a user's own image by its id, which means one image for good.

        Raises:
            ConfigError: The daemon has no such image.
        """
        own = template.policy.docker.image
        if own is None:
            return template
        from ._daemon import DaemonError

        try:
            found = await self._open()[0].image(own)
        except DaemonError as error:
            if error.status != 404:
                raise
            raise ConfigError(
                f"the daemon has no image `{own}`",
                hint="build or load it first: nothing is fetched for a run (`isorun image list` shows ours)",
            ) from error
        return msgspec.structs.replace(
            template, detail=msgspec.structs.replace(template.detail, image=found["Id"])
        )

    @override
    def hint(self, result: Result, program: Program) -> str | None:
        return limit_hint(result)

    @override
    async def aclose(self) -> None:
        if self._remover is not None:
            await self._remover.aclose()
        if self._daemon is not None:
            await self._daemon.aclose()
        self._daemon = self._remover = None

    def _open(self) -> "tuple[Daemon, Remover]":
        assert self._daemon is not None, "prepared"  # noqa: S101
        assert self._remover is not None, "prepared"  # noqa: S101
        return self._daemon, self._remover


async def _created(daemon: "Daemon", name: str, config: dict[str, Any]) -> str:
    """Make a container; cancelled in the middle, it would be made after it has been removed."""
    container = ""
    with anyio.CancelScope(shield=True):
        container = await daemon.create(name, config)
    return container

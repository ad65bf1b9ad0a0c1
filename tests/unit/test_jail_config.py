"""The nsjail configuration of a plan: everything that a program can see and keep."""

import platform
from pathlib import Path

import msgspec
import pytest

from runtimes.jails._jail import JailPlan, jail_config, jail_text

#: To be read by a human when it changes: each line is a clause of the boundary.
GOLDEN = Path(__file__).parent / "golden" / "jail.cfg"
PLAN = JailPlan(
    root=Path("/cache/interpreters/0123/root"),
    binds={"/cache/guest/4567": "/opt/isorun", "/cache/environments/data/89ab/packages": "/opt/packages"},
    disk_mib=64,
    file_count=4096,
    open_descriptors=(3, 4),
)
BARE = JailPlan(root=Path("/root-folder"), disk_mib=1, file_count=16)


def without_seccomp(text: str) -> str:
    """The system calls differ between machines and have tests of their own."""
    return "".join(line for line in text.splitlines(True) if not line.startswith("seccomp_string"))


def test_configuration_is_the_reviewed_one() -> None:
    assert without_seccomp(jail_text(PLAN)) == GOLDEN.read_text("utf-8")


@pytest.mark.parametrize("plan", [PLAN, BARE])
def test_only_the_box_and_devices_can_be_written(plan: JailPlan) -> None:
    writable = {mount.dst for mount in jail_config(plan).mount if mount.rw}

    devices = {f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom")}
    assert writable == {"/box", *devices}


@pytest.mark.parametrize("plan", [PLAN, BARE])
def test_no_mount_keeps_set_user_id_bits(plan: JailPlan) -> None:
    assert all(mount.nosuid or mount.is_symlink for mount in jail_config(plan).mount)


def test_device_nodes_work_only_where_they_were_bound() -> None:
    able = {mount.dst for mount in jail_config(PLAN).mount if not mount.nodev and not mount.is_symlink}

    assert able == {f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom")}


def test_every_namespace_is_new() -> None:
    config = jail_config(PLAN)

    kinds = ("net", "user", "ns", "pid", "ipc", "uts", "cgroup")
    assert all(getattr(config, f"clone_new{kind}") is True for kind in kinds)
    assert config.iface_no_lo is True


def test_no_capability_and_no_variable_is_kept() -> None:
    config = jail_config(PLAN)

    assert (config.keep_caps, config.cap, config.keep_env) == (False, [], False)
    assert config.envar == ["LANG=C.UTF-8", "LC_ALL=C.UTF-8"]
    assert not config.disable_no_new_privs


def test_seccomp_policy_is_that_of_the_machine() -> None:
    text = "\n".join(jail_config(PLAN).seccomp_string)

    assert text.startswith("POLICY jail {")
    assert ("SYSCALL[" in text) is (platform.machine() == "x86_64")


def test_box_is_as_large_as_the_plan_says() -> None:
    (box,) = [mount for mount in jail_config(PLAN).mount if mount.dst == "/box"]

    assert box.options is not None
    assert "size=67108864,nr_inodes=4096," in box.options


def test_proc_shows_processes_only() -> None:
    (proc,) = [mount for mount in jail_config(PLAN).mount if mount.dst == "/proc"]

    assert proc.options == "subset=pid,hidepid=invisible"
    assert not proc.rw


def test_odd_characters_in_a_path_cannot_add_a_clause() -> None:
    evil = '/srv/"\n}\nkeep_caps: true\nmount {\n dst: "/'
    plan = msgspec.structs.replace(BARE, binds={evil: "/opt/tools/x"})

    text = jail_text(plan)

    assert "keep_caps: true" not in [line.strip() for line in text.splitlines()]
    assert len([line for line in text.splitlines() if line.strip() == "mount {"]) == len(
        jail_config(plan).mount
    )

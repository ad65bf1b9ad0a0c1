"""Finding control groups in recorded texts of other machines, and the clean-up of their folders."""

import os
from pathlib import Path

import pytest

from engine.warden.cgroup import Tree
from engine.warden.trees import Mount, close_trees, find_mounts

#: A container whose host has v1 controllers, each mounted by itself.
V1_MOUNTS = """\
22 21 0:20 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct
34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
37 31 0:34 / /sys/fs/cgroup/freezer rw,relatime - cgroup cgroup rw,freezer
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
"""
V1_OWN = """\
9:name=systemd:/
8:pids:/
6:freezer:/
4:memory:/service/worker
3:cpuset:/
2:cpuacct:/
1:cpu:/
"""

#: Debian 10 with systemd in hybrid mode: controllers in v1, a bare v2 tree beside them.
HYBRID_MOUNTS = """\
24 18 0:22 / /sys/fs/cgroup ro,nosuid,nodev,noexec shared:9 - tmpfs tmpfs ro,mode=755
25 24 0:23 / /sys/fs/cgroup/unified rw,nosuid,nodev,noexec,relatime shared:10 - cgroup2 cgroup2 rw,nsdelegate
26 24 0:24 / /sys/fs/cgroup/systemd rw,nosuid,relatime shared:11 - cgroup cgroup rw,xattr,name=systemd
30 24 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid,nodev shared:16 - cgroup cgroup rw,cpu,cpuacct
31 24 0:29 / /sys/fs/cgroup/net_cls,net_prio rw,nosuid,nodev shared:17 - cgroup cgroup rw,net_cls,net_prio
33 24 0:31 / /sys/fs/cgroup/memory rw,nosuid,nodev,noexec,relatime shared:19 - cgroup cgroup rw,memory
35 24 0:33 / /sys/fs/cgroup/pids rw,nosuid,nodev,noexec,relatime shared:21 - cgroup cgroup rw,pids
"""
HYBRID_OWN = """\
11:memory:/user.slice/user-1000.slice/session-2.scope
9:pids:/user.slice/user-1000.slice/session-2.scope
6:net_cls,net_prio:/
4:cpu,cpuacct:/user.slice
1:name=systemd:/user.slice/user-1000.slice/session-2.scope
0::/user.slice/user-1000.slice/session-2.scope
"""

V2_MOUNTS = """\
26 24 0:23 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate
27 24 0:24 / /sys/fs/pstore rw,nosuid,nodev,noexec,relatime shared:5 - pstore pstore rw
"""
SCOPE = "/user.slice/user-1000.slice/user@1000.service/app.slice/run-r12ab.scope"


def test_v1_controllers_each_have_a_mount_and_a_folder() -> None:
    mounts = find_mounts(V1_MOUNTS, V1_OWN)

    assert mounts == [
        Mount("/sys/fs/cgroup/cpu", 1, frozenset({"cpu"}), "/sys/fs/cgroup/cpu"),
        Mount("/sys/fs/cgroup/cpuacct", 1, frozenset({"cpuacct"}), "/sys/fs/cgroup/cpuacct"),
        Mount("/sys/fs/cgroup/memory", 1, frozenset({"memory"}), "/sys/fs/cgroup/memory/service/worker"),
        Mount("/sys/fs/cgroup/pids", 1, frozenset({"pids"}), "/sys/fs/cgroup/pids"),
    ]


def test_hybrid_machine_has_v1_controllers_and_a_v2_tree() -> None:
    mounts = {mount.point.rpartition("/")[2]: mount for mount in find_mounts(HYBRID_MOUNTS, HYBRID_OWN)}

    session = "user.slice/user-1000.slice/session-2.scope"
    assert mounts == {
        "unified": Mount("/sys/fs/cgroup/unified", 2, frozenset(), f"/sys/fs/cgroup/unified/{session}"),
        "cpu,cpuacct": Mount(
            "/sys/fs/cgroup/cpu,cpuacct",
            1,
            frozenset({"cpu", "cpuacct"}),
            "/sys/fs/cgroup/cpu,cpuacct/user.slice",
        ),
        "memory": Mount(
            "/sys/fs/cgroup/memory", 1, frozenset({"memory"}), f"/sys/fs/cgroup/memory/{session}"
        ),
        "pids": Mount("/sys/fs/cgroup/pids", 1, frozenset({"pids"}), f"/sys/fs/cgroup/pids/{session}"),
    }


def test_controllers_mounted_together_are_found_in_any_order_of_their_names() -> None:
    (mount,) = find_mounts(
        "30 24 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpuacct,cpu", "4:cpu,cpuacct:/a\n"
    )

    assert mount == Mount("/sys/fs/cgroup/cpu", 1, frozenset({"cpu", "cpuacct"}), "/sys/fs/cgroup/cpu/a")


def test_v2_in_a_scope_of_the_user_manager() -> None:
    (mount,) = find_mounts(V2_MOUNTS, f"0::{SCOPE}\n")

    assert mount == Mount("/sys/fs/cgroup", 2, frozenset(), f"/sys/fs/cgroup{SCOPE}")


@pytest.mark.parametrize(
    ("root", "own", "folder"),
    [
        # A namespace and a mount of its own: both say `/`.
        ("/", "/", "/sys/fs/cgroup"),
        ("/", "/inner", "/sys/fs/cgroup/inner"),
        # Without a namespace, a container sees its part of the tree as root of the mount.
        ("/docker/0123abcd", "/docker/0123abcd", "/sys/fs/cgroup"),
        ("/docker/0123abcd", "/docker/0123abcd/inner", "/sys/fs/cgroup/inner"),
        # A mount made outside of the namespace shows where the namespace begins from above.
        ("/../..", "/", "/sys/fs/cgroup"),
        ("/../..", "/inner", "/sys/fs/cgroup"),
        ("/..", "/../inner", "/sys/fs/cgroup/inner"),
        # A process that was moved into a namespace it is not below: its folder is not in the mount.
        ("/", "/../sibling", "/sys/fs/cgroup"),
        ("/docker/0123abcd", "/", "/sys/fs/cgroup"),
        ("/docker/0123", "/docker/0123abcd", "/sys/fs/cgroup"),
    ],
)
@pytest.mark.parametrize("version", [1, 2])
def test_container_finds_its_folder_or_takes_the_mount(
    root: str, own: str, folder: str, version: int
) -> None:
    kind, options, names = ("cgroup2", "rw", "0:") if version == 2 else ("cgroup", "rw,memory", "4:memory")
    line = f"30 24 0:28 {root} /sys/fs/cgroup ro,nosuid - {kind} cgroup {options}"

    (mount,) = find_mounts(line, f"{names}:{own}\n")

    assert mount.own == folder


def test_controller_that_this_process_is_not_in_is_left_out() -> None:
    assert find_mounts(V1_MOUNTS, "3:cpuset:/\n0::/\n") == []


def test_machine_without_cgroups_has_no_mounts() -> None:
    assert find_mounts("22 21 0:20 / /proc rw - proc proc rw\n", "") == []


def test_optional_fields_of_a_mount_are_skipped() -> None:
    line = "30 24 0:28 / /c rw shared:1 master:2 propagate_from:3 - cgroup2 none rw\n"

    assert find_mounts(line, "0::/a\n") == [Mount("/c", 2, frozenset(), "/c/a")]


def test_own_path_may_hold_colons() -> None:
    (mount,) = find_mounts("30 24 0:28 / /c rw - cgroup2 none rw\n", "0::/app:web\n")

    assert mount.own == "/c/app:web"


def test_closing_removes_the_folders_and_what_dead_runs_left(tmp_path: Path) -> None:
    trees = []
    for version, name in ((2, "unified"), (1, "memory")):
        folder = tmp_path / name / "isorun-1-ab"
        (folder / "1").mkdir(parents=True)
        (folder / "2").mkdir()
        trees.append(Tree(str(folder), version, frozenset()))
    (tmp_path / "unified" / "isorun-host").mkdir()

    close_trees(trees)

    assert sorted(os.listdir(tmp_path / "unified")) == sorted(os.listdir(tmp_path / "memory")) == []


def test_closing_what_is_gone_does_nothing(tmp_path: Path) -> None:
    close_trees([Tree(str(tmp_path / "gone"), 2, frozenset())])

    assert os.listdir(tmp_path) == []

"""One run's control group, on folders that look like the kernel's."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.warden.cgroup import Counters, Group, Tree
from engine.warden.container import Container, ContainerGroup, Place, wait_status

MIB = 1 << 20
V1_MEMORY = ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes")


def make_tree(parent: Path, version: int, controllers: set[str], known: tuple[str, ...] = ()) -> Tree:
    """Make a parent folder that knows the given files, as `isorun-<pid>-...` does."""
    parent.mkdir()
    for name in known:
        (parent / name).touch()
    return Tree(str(parent), version, frozenset(controllers))


def make_files(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


@pytest.fixture
def v2(tmp_path: Path) -> tuple[Group, Path]:
    known = ("memory.max", "memory.swap.max", "memory.oom.group")
    group = Group([make_tree(tmp_path / "v2", 2, {"memory", "pids", "cpu"}, known)], "1")
    group.create()
    folder = tmp_path / "v2" / "1"
    make_files(folder, memory__max="max", memory__swap__max="max", memory__oom__group="0", pids__max="max")
    make_files(folder, cgroup__procs="", cpu__stat="usage_usec 1500000\nuser_usec 1000000\n")
    make_files(folder, memory__events="low 0\nhigh 0\nmax 12\noom 2\noom_kill 3\n", memory__peak="1048576\n")
    make_files(folder, pids__events="max 4\n")
    return group, folder


@pytest.fixture
def v1(tmp_path: Path) -> tuple[Group, Path, Path]:
    memory = make_tree(tmp_path / "memory", 1, {"memory"}, V1_MEMORY)
    pids = make_tree(tmp_path / "pids", 1, {"pids"})
    cpu = make_tree(tmp_path / "cpu", 1, {"cpu", "cpuacct"})
    group = Group([memory, pids, cpu], "1")
    group.create()
    folders = [tmp_path / name / "1" for name in ("memory", "pids", "cpu")]
    for folder in folders:
        make_files(folder, cgroup__procs="")
    for name in V1_MEMORY:
        (folders[0] / name).write_text("9223372036854771712")
    make_files(folders[0], memory__max_usage_in_bytes="2097152\n")
    make_files(folders[0], memory__oom_control="oom_kill_disable 0\nunder_oom 0\noom_kill 1\n")
    make_files(folders[1], pids__max="max", pids__events="max 5\n")
    make_files(folders[2], cpuacct__usage="2500000000\n")
    return group, folders[0], folders[1]


def test_v2_limits_are_written_without_swap_and_for_the_group_as_one(v2: tuple[Group, Path]) -> None:
    group, folder = v2

    group.limit(memory_bytes=64 * MIB, pids=10)

    written = {path.name: path.read_text() for path in folder.iterdir()}
    assert written["memory.max"].startswith("67108864")
    assert written["memory.swap.max"].startswith("0")
    assert written["memory.oom.group"].startswith("1")
    assert written["pids.max"].startswith("10")


def test_v2_without_swap_accounting_needs_no_such_file(tmp_path: Path) -> None:
    group = Group([make_tree(tmp_path / "bare", 2, {"memory", "pids"}, ("memory.max",))], "1")
    group.create()
    make_files(tmp_path / "bare" / "1", memory__max="max", pids__max="max")

    group.limit(memory_bytes=MIB, pids=1)

    assert sorted(os.listdir(tmp_path / "bare" / "1")) == ["memory.max", "pids.max"]


@pytest.mark.parametrize(("before", "after"), [(None, 64), (64, 32), (32, 64)])
def test_v1_memory_limit_is_never_above_the_limit_with_swap(
    before: int | None, after: int, v1: tuple[Group, Path, Path]
) -> None:
    group, memory, _ = v1
    if before is not None:
        group.limit(memory_bytes=before * MIB, pids=1)
    raised = before is not None and after > before
    first, second = V1_MEMORY[::-1] if raised else V1_MEMORY
    (memory / second).unlink()

    # The second write fails, which shows that the first one was before it.
    with pytest.raises(FileNotFoundError, match=second):
        group.limit(memory_bytes=after * MIB, pids=1)

    assert (memory / first).read_text().startswith(str(after * MIB))


def test_limits_that_stay_are_not_written_again(v2: tuple[Group, Path]) -> None:
    group, folder = v2
    group.limit(memory_bytes=MIB, pids=3)
    make_files(folder, memory__max="untouched", pids__max="untouched")

    group.limit(memory_bytes=MIB, pids=3)

    assert (folder / "memory.max").read_text() == (folder / "pids.max").read_text() == "untouched"


def test_v2_counters_are_read(v2: tuple[Group, Path]) -> None:
    assert v2[0].counters() == Counters(1.5, 1048576, 3, 4)


def test_v2_before_linux_5_19_has_no_peak(v2: tuple[Group, Path]) -> None:
    (v2[1] / "memory.peak").unlink()

    assert v2[0].counters().peak_bytes is None


def test_v1_counters_are_read(v1: tuple[Group, Path, Path]) -> None:
    assert v1[0].counters() == Counters(2.5, 2097152, 1, 5)


def test_without_any_tree_nothing_is_counted_and_nothing_fails() -> None:
    group = Group([], "1")

    group.create()
    group.limit(memory_bytes=MIB, pids=1)
    group.kill()

    assert (group.counters(), group.processes(), group.remove()) == (Counters(None, None, 0, 0), [], True)


def test_processes_are_listed_and_a_gone_folder_has_none(v2: tuple[Group, Path], tmp_path: Path) -> None:
    group, folder = v2
    make_files(folder, cgroup__procs="12\n345\n")

    assert group.processes() == [12, 345]
    assert Group([Tree(str(tmp_path), 2, frozenset())], "gone").processes() == []


def test_kill_is_one_write_where_the_kernel_can(v2: tuple[Group, Path]) -> None:
    group, folder = v2
    make_files(folder, cgroup__kill="", cgroup__procs=f"{os.getpid()}\n")

    group.kill()

    assert (folder / "cgroup.kill").read_text() == "1"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", "import signal; signal.pause()"]) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("version", [1, 2])
def test_kill_without_that_file_forbids_forks_and_sends_signals(
    version: int, sleeper: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    group = Group([make_tree(tmp_path / "tree", version, {"memory", "pids"})], "1")
    group.create()
    folder = tmp_path / "tree" / "1"
    make_files(folder, cgroup__procs=f"{sleeper.pid}\n", pids__max="")

    group.kill()

    assert sleeper.wait(10) == -signal.SIGKILL
    assert (folder / "pids.max").read_text() == "0"


def test_kill_overlooks_processes_that_are_gone(v1: tuple[Group, Path, Path]) -> None:
    group, memory, _ = v1
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", ""])
    process.wait(10)
    make_files(memory, cgroup__procs=f"{process.pid}\n")

    group.kill()


def test_group_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    first = make_tree(tmp_path / "first", 2, set())
    group = Group([first, Tree(str(tmp_path / "missing"), 1, frozenset({"memory"}))], "1")

    with pytest.raises(FileNotFoundError):
        group.create()

    assert os.listdir(tmp_path / "first") == []


def test_removed_group_is_gone_and_removing_again_is_fine(tmp_path: Path) -> None:
    group = Group([make_tree(tmp_path / "tree", 2, set())], "1")
    group.create()

    assert (group.remove(), group.remove()) == (True, True)
    assert os.listdir(tmp_path / "tree") == []


# Of a container, whose groups are its daemon's


def test_groups_of_a_container_keep_their_counters_when_they_go(v1: tuple[Group, Path, Path]) -> None:
    group = ContainerGroup(v1[0]._folders)
    before = group.counters()
    assert before == v1[0].counters()
    for _, folder in v1[0]._folders:
        shutil.rmtree(folder)

    assert group.counters() == before
    assert group.cpu_seconds() == before.cpu_seconds


def test_groups_of_a_container_are_limited_and_removed_by_nobody_here(v2: tuple[Group, Path]) -> None:
    group = ContainerGroup(v2[0]._folders)
    group.limit(memory_bytes=MIB, pids=1)
    group.kill()

    assert group.remove()
    assert group.processes() == []
    assert (v2[1] / "memory.max").read_text() == "max"


def test_process_that_is_no_container_is_not_guarded() -> None:
    with pytest.raises(ProcessLookupError):
        Container(Place(first=os.getpid(), name="0" * 64, socket="/none"))


def test_wait_status_of_somebody_elses_process_is_the_kernels_word_or_none() -> None:
    process = subprocess.Popen([sys.executable, "-I", "-c", "raise SystemExit(7)"])
    descriptor = os.pidfd_open(process.pid)
    try:
        process.wait()
        assert wait_status(descriptor) in (7 << 8, -1)
    finally:
        os.close(descriptor)

"""The memory that we may use: the machine's, or less where a control group has a limit."""

from pathlib import Path

import pytest

from engine._memory import PRESSURE_MIB, UNKNOWN_MIB, Memory, MemoryMeter, read_memory

from ._pools import Machine

MACHINE = {"proc/meminfo": "MemTotal:  8388608 kB\nMemFree:  1024 kB\nMemAvailable:  4194304 kB\n"}
MIB = 1024 * 1024


def machine_with(root: Path, files: dict[str, str]) -> Path:
    for name, text in (MACHINE | files).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_machine_without_groups_tells_its_own_memory(tmp_path: Path) -> None:
    root = machine_with(tmp_path, {})

    memory = read_memory(root)

    assert memory == Memory(8192.0, 4096.0)


def test_limit_of_own_v2_group_is_taken(tmp_path: Path) -> None:
    group = "sys/fs/cgroup/user/ours"
    files = {
        "proc/self/cgroup": "0::/user/ours\n",
        f"{group}/memory.max": f"{1024 * MIB}\n",
        f"{group}/memory.current": f"{600 * MIB}\n",
        f"{group}/memory.stat": f"anon 5\ninactive_file {100 * MIB}\nactive_file 7\n",
    }

    memory = read_memory(machine_with(tmp_path, files))

    assert memory == Memory(1024.0, 524.0)


def test_limit_of_a_v2_group_above_is_taken(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/user/ours\n",
        "sys/fs/cgroup/user/ours/memory.max": "max\n",
        "sys/fs/cgroup/user/ours/memory.current": "0\n",
        "sys/fs/cgroup/user/memory.max": f"{512 * MIB}\n",
        "sys/fs/cgroup/user/memory.current": f"{500 * MIB}\n",
    }

    memory = read_memory(machine_with(tmp_path, files))

    assert memory == Memory(512.0, 12.0)


def test_limit_of_own_v1_group_is_taken(tmp_path: Path) -> None:
    group = "sys/fs/cgroup/memory/ours"
    files = {
        "proc/self/cgroup": "5:devices:/\n4:cpu,memory:/ours\n0::/\n",
        f"{group}/memory.limit_in_bytes": f"{256 * MIB}\n",
        f"{group}/memory.usage_in_bytes": f"{300 * MIB}\n",
        f"{group}/memory.stat": "inactive_file 1\ntotal_inactive_file 0\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{900 * MIB}\n",
    }

    memory = read_memory(machine_with(tmp_path, files))

    assert memory == Memory(256.0, 0.0)


def test_group_out_of_sight_is_looked_for_at_the_mount(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/docker/0123\n",
        "sys/fs/cgroup/memory.max": f"{128 * MIB}\n",
        "sys/fs/cgroup/memory.current": f"{28 * MIB}\n",
    }

    memory = read_memory(machine_with(tmp_path, files))

    assert memory == Memory(128.0, 100.0)


def test_limit_above_the_machines_memory_changes_nothing(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/ours\n",
        "sys/fs/cgroup/ours/memory.max": f"{99999 * MIB}\n",
        "sys/fs/cgroup/ours/memory.current": "0\n",
    }

    memory = read_memory(machine_with(tmp_path, files))

    assert memory == Memory(8192.0, 4096.0)


@pytest.mark.parametrize("text", ["", "MemTotal: lots kB\nMemAvailable: 1 kB\n", "MemTotal: 0 kB\n", "\xff"])
def test_kernel_that_does_not_say_is_no_failure(tmp_path: Path, text: str) -> None:
    root = machine_with(tmp_path, {"proc/meminfo": text})

    memory = read_memory(root)

    assert memory == Memory(UNKNOWN_MIB, UNKNOWN_MIB)


def test_this_machine_tells_its_memory() -> None:
    memory = read_memory()

    assert 0 < memory.available_mib <= memory.total_mib


def test_memory_is_read_at_most_once_a_second() -> None:
    machine = Machine()
    meter = machine.meter()

    for _ in range(5):
        machine.clock.now += 0.3
        _ = meter.memory

    assert machine.reads == 2


def test_memory_of_a_moment_ago_is_told_again_and_then_the_new() -> None:
    machine = Machine()
    meter = machine.meter()
    machine.memory = Memory(100.0, 50.0)

    machine.clock.now += 0.99
    before = meter.memory
    machine.clock.now += 0.01
    after = meter.memory

    assert before == Memory(16384.0, 16384.0)
    assert after == Memory(100.0, 50.0)


@pytest.mark.parametrize(
    ("total", "available", "pressure"),
    [
        (16384.0, 1023.9, True),
        (16384.0, 1024.0, False),
        (2048.0, PRESSURE_MIB - 0.1, True),
        (2048.0, PRESSURE_MIB, False),
        (256.0, 63.9, True),
        (256.0, 64.0, False),
    ],
)
def test_pressure_begins_below_a_sixteenth(total: float, available: float, pressure: bool) -> None:
    meter = MemoryMeter(lambda: Memory(total, available))

    under_pressure = meter.is_under_pressure

    assert under_pressure is pressure

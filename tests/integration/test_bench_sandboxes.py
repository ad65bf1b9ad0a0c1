"""`isorun bench startup` and its siblings over real jails."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.bench._record import Measurement, read
from engine.cli import main
from tests.support.machine import descendants, group_folders, is_running, wardens

pytestmark = [pytest.mark.jail, pytest.mark.slow]

LONG = "takes long; it runs with ISORUN_TEST_ALL=1"
ISORUN = str(Path(sys.executable).with_name("isorun"))


def measured(path: Path, *argv: str) -> list[Measurement]:
    code = main(["bench", *argv, "--tier", "nsjail", "--quick", "--runs", "2", "--output", f"{path}"])
    assert code == 0
    return list(read(path).measurements)


def test_each_way_to_a_jail_is_measured_in_turns_with_the_floor(tmp_path: Path) -> None:
    found = measured(tmp_path / "out.jsonl", "startup")

    results = {(one.path, one.variant): one for one in found if one.measure == "result"}
    first_bytes = {(one.path, one.variant): one for one in found if one.measure == "first byte"}
    plain = {path for path, variant in results if variant == "nothing"}
    assert plain - {"fork"} == {"first", "cold", "warm"}
    assert {("warm", "files"), ("warm", "policy")} <= set(results)
    assert first_bytes.keys() == results.keys()
    for way, one in results.items():
        assert len(one.values) == len(one.floor) == 2
        assert all(0 < byte < end for byte, end in zip(first_bytes[way].values, one.values, strict=True))


@pytest.mark.skipif(not os.environ.get("ISORUN_TEST_ALL"), reason=LONG)
def test_waiting_and_running_jails_occupy_memory(tmp_path: Path) -> None:
    found = measured(tmp_path / "out.jsonl", "density")

    assert [one.variant for one in found] == ["waiting", "running"]
    assert all(0 < value < 200 for one in found for value in one.values)


def test_interrupt_keeps_what_was_measured_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    command = [ISORUN, "bench", "startup", "--tier", "nsjail", "--quick", "--output", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            # A file of the series before is written when the next one is announced.
            said = ""
            while ", cold, " not in said:
                said = process.stderr.readline()
                assert said, process.stdout.read() if process.stdout else ""
            below = descendants(process.pid)
            [warden] = wardens(process.pid)

            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
        finally:
            process.kill()

    assert process.returncode == 128 + signal.SIGINT
    assert {one.path for one in read(path).measurements} == {"first"}
    assert not any(map(is_running, below))
    assert group_folders(warden) == []


@pytest.mark.skipif(not os.environ.get("ISORUN_TEST_ALL"), reason=LONG)
@pytest.mark.timeout(300)
def test_everything_is_measured_in_a_minute() -> None:
    done = subprocess.run([ISORUN, "bench", "all", "--quick"], capture_output=True, text=True, timeout=250)

    assert done.returncode == 0
    for name in ("STARTUP", "THROUGHPUT", "DENSITY", "COMPUTE"):
        assert name in done.stdout

"""A sandbox in a container, its daemon, streams and guard being fakes: what becomes of each end."""

from typing import Any

import anyio
import msgspec
import pytest

from engine import ConfigError, File, Program, Result, SandboxLostError, SandboxStartError, Template
from engine._process import Ended
from policies import Limits, Policy
from runtimes.docker._container import Detail
from runtimes.docker._daemon import DaemonError
from runtimes.docker._sandbox import DockerSandbox
from runtimes.docker._tar import Entry, archive

CLEAN = Ended(
    number=1,
    wait_status=0,
    killed=None,
    failure="",
    cpu_seconds=0.5,
    peak_bytes=1 << 20,
    oom_kills=0,
    pids_refused=0,
    quarantined=False,
)
FILES = b"".join(archive([Entry("./out", b"result", 0o600)]))


class FakeChild:
    """A guard that says how the container has ended, and keeps what it was told."""

    def __init__(self, ended: Ended) -> None:
        self.ended = ended
        self.kills: list[str] = []
        self.armed: tuple[float, float] | None = None
        self.is_alive = True

    async def arm(self, _: object, *, wall_seconds: float, cpu_seconds: float) -> None:
        self.armed = (wall_seconds, cpu_seconds)

    def expect_end(self) -> None:
        return

    def kill(self, reason: str) -> None:
        self.kills.append(reason)

    async def wait(self) -> Ended:
        self.is_alive = False
        return self.ended


class FakeStreams:
    """Streams that say what they are told; `MARK` stands for the mark of the run."""

    def __init__(self, *pieces: tuple[int, bytes]) -> None:
        self.pieces = list(pieces)
        self.sent = anyio.Event()
        self.handed = b""
        self.closed = 0

    async def send(self, data: bytes) -> None:
        self.handed = data
        self.sent.set()

    async def receive(self) -> bytes:
        await self.sent.wait()
        if not self.pieces:
            return b""
        stream, data = self.pieces.pop(0)
        at = self.handed.index(b"isorun-") if b"isorun-" in self.handed else 0
        data = data.replace(b"MARK", self.handed[at : at + 39])
        return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data

    async def aclose(self) -> None:
        self.closed += 1


class FakeDaemon:
    """Says how containers ended, and takes limits."""

    def __init__(self, state: dict[str, Any] | None = None, status: int | None = None) -> None:
        self.state = state or {"ExitCode": 0}
        self.status = status
        self.asked: list[str] = []
        self.limits: list[dict[str, int]] = []

    async def wait(self, _: str) -> None:
        self.asked.append("wait")
        if self.status is not None:
            raise DaemonError("no", self.status)

    async def inspect(self, _: str) -> dict[str, Any]:
        self.asked.append("inspect")
        return {"State": self.state}

    async def update(self, _: str, limits: dict[str, int]) -> None:
        if self.status is not None:
            raise DaemonError("no", self.status)
        self.limits.append(limits)


class FakeRemover:
    """Keeps what it was asked to remove."""

    def __init__(self) -> None:
        self.removed: list[str] = []

    def remove(self, name: str) -> None:
        self.removed.append(name)


class Fixture:
    """A sandbox and all that is around it."""

    def __init__(
        self, *pieces: tuple[int, bytes], ended: Ended = CLEAN, daemon: FakeDaemon | None = None
    ) -> None:
        self.child, self.streams = FakeChild(ended), FakeStreams(*pieces)
        self.daemon, self.remover = daemon or FakeDaemon(), FakeRemover()
        detail = Detail(image="sha256:0", image_name="isorun/python:1")
        template = Template(runtime="docker", key=(), policy=Policy(), environment="x", detail=detail)
        parts: tuple[Any, ...] = (self.daemon, self.streams, self.child, self.remover)
        self.sandbox = DockerSandbox(template, "runc", "name", *parts)

    async def run(self, policy: Policy | None = None, **parts: Any) -> Result:
        return await self.sandbox.run(Program(code="x", **parts), policy or Policy(), None)


BEGUN = (1, b"MARK begun\n")
OVER = (2, b"MARK over\n")


def ended(code: int, *, by_signal: bool = False, space: str = "100 100") -> tuple[int, bytes]:
    return (1, f"MARK ended {code} {int(by_signal)} {space}\n".encode() + FILES)


async def test_orderly_end_is_told_by_the_kernel_alone() -> None:
    fixture = Fixture(BEGUN, (1, b"out"), (2, b"err"), OVER, ended(0))
    result = await fixture.run()

    assert (result.status, result.exit_code, result.stdout, result.stderr) == ("ok", 0, "out", "err")
    assert [(file.name, file.data) for file in result.files] == [("out", b"result")]
    assert fixture.daemon.asked == []
    assert fixture.child.armed == (30.0, 30.0)


@pytest.mark.parametrize(
    "change", [{"wait_status": -1}, {"peak_bytes": None}], ids=["old kernel", "counters are gone"]
)
async def test_daemon_is_asked_where_the_kernel_does_not_tell(change: dict[str, Any]) -> None:
    fixture = Fixture(
        BEGUN,
        OVER,
        ended(3),
        ended=msgspec.structs.replace(CLEAN, **change),
        daemon=FakeDaemon({"ExitCode": 3}),
    )
    result = await fixture.run()

    assert (result.status, result.exit_code) == ("error", 3)
    assert fixture.daemon.asked == ["wait", "inspect"]


@pytest.mark.parametrize(
    ("by_signal", "expected"), [(True, ("crashed", None, "SIGSEGV")), (False, ("error", 139, None))]
)
async def test_signal_and_code_are_told_apart(by_signal: bool, expected: tuple[object, ...]) -> None:
    kernel = msgspec.structs.replace(CLEAN, wait_status=139 << 8)
    result = await Fixture(BEGUN, OVER, ended(139, by_signal=by_signal), ended=kernel).run()

    assert (result.status, result.exit_code, result.signal) == expected


async def test_code_that_the_supervisor_claims_counts_for_nothing() -> None:
    kernel = msgspec.structs.replace(CLEAN, wait_status=7 << 8)
    result = await Fixture(BEGUN, OVER, ended(0), ended=kernel).run()

    assert (result.status, result.exit_code) == ("error", 7)


async def test_lack_of_memory_that_only_the_daemon_saw_counts() -> None:
    fixture = Fixture(BEGUN, daemon=FakeDaemon({"ExitCode": 137, "OOMKilled": True}))
    result = await fixture.run()

    assert (result.status, result.reason) == ("memory", "memory-limit")


async def test_supervisor_that_is_gone_is_a_crash() -> None:
    result = await Fixture(BEGUN, (1, b"out"), daemon=FakeDaemon({"ExitCode": 137})).run()

    assert (result.status, result.reason, result.stdout) == ("crashed", "supervisor-died", "out")


@pytest.mark.parametrize(
    ("space", "reason"), [("0 5", "disk-bytes"), ("5 0", "disk-files"), ("- -", "exit-nonzero")]
)
async def test_full_file_system_explains_a_failure(space: str, reason: str) -> None:
    kernel = msgspec.structs.replace(CLEAN, wait_status=1 << 8)
    result = await Fixture(BEGUN, OVER, ended(1, space=space), ended=kernel).run()

    assert result.reason == reason


@pytest.mark.parametrize("killed", ["wall", "cpu", "output", "cancelled"])
async def test_kill_by_the_warden_decides(killed: str) -> None:
    kernel = msgspec.structs.replace(CLEAN, killed=killed, wait_status=9)
    result = await Fixture(BEGUN, OVER, ended(0), ended=kernel).run()

    assert result.status in ("timeout", "output", "cancelled")


async def test_missing_interpreter_is_a_mistake_in_the_image() -> None:
    with pytest.raises(ConfigError, match="`isorun/python:1` has no `python3`"):
        await Fixture((1, b"MARK missing python3\n"), daemon=FakeDaemon({"ExitCode": 127})).run()


async def test_program_that_does_not_fit_is_refused() -> None:
    with pytest.raises(SandboxStartError, match="does not fit") as raised:
        await Fixture((2, b"tar: x: No space left on device"), daemon=FakeDaemon({"ExitCode": 2})).run()

    assert "disk-mib" in raised.value.hint


async def test_container_that_ends_before_the_program_begins_may_be_tried_again() -> None:
    with pytest.raises(SandboxLostError) as raised:
        await Fixture(daemon=FakeDaemon({"ExitCode": 1})).run()

    assert not raised.value.dispatched


@pytest.mark.parametrize(("status", "said"), [(404, "removed by somebody else"), (0, "the daemon was lost")])
async def test_daemon_that_cannot_say_the_end_loses_the_run(status: int, said: str) -> None:
    with pytest.raises(SandboxLostError, match=said) as raised:
        await Fixture(BEGUN, daemon=FakeDaemon(status=status)).run()

    assert raised.value.dispatched


async def test_output_above_the_limit_kills() -> None:
    fixture = Fixture(BEGUN, (1, b"x" * 3000), OVER, ended(0))
    result = await fixture.run(Policy(limits=Limits(output_kib=1)))

    assert fixture.child.kills == ["output"]
    assert (result.status, result.stdout_dropped_bytes) == ("output", 3000 - 1024)


async def test_limits_are_changed_only_where_they_differ() -> None:
    same, other = Fixture(BEGUN, OVER, ended(0)), Fixture(BEGUN, OVER, ended(0))
    await same.run(Policy(limits=Limits(wall_seconds=3)))
    await other.run(Policy(limits=Limits(memory_mib=100, pids=5)))

    assert same.daemon.limits == []
    assert other.daemon.limits == [{"Memory": 100 << 20, "MemorySwap": 100 << 20, "PidsLimit": 7}]


async def test_limits_that_cannot_be_set_refuse_the_program() -> None:
    fixture = Fixture(BEGUN, daemon=FakeDaemon(status=500))
    with pytest.raises(SandboxStartError, match="limits cannot be set"):
        await fixture.run(Policy(limits=Limits(memory_mib=100)))

    assert fixture.streams.handed == b""


async def test_unchanged_input_does_not_come_back() -> None:
    fixture = Fixture(BEGUN, OVER, ended(0))
    result = await fixture.run(files=(File(name="out", data=b"result"),))

    assert result.files == ()


async def test_closing_kills_removes_and_can_be_repeated() -> None:
    fixture = Fixture()
    await fixture.sandbox.aclose()
    await fixture.sandbox.aclose()

    assert fixture.child.kills == ["closed"]
    assert (fixture.remover.removed, fixture.streams.closed) == (["name"], 1)
    assert not fixture.sandbox.is_alive()


async def test_used_sandbox_is_not_alive() -> None:
    fixture = Fixture(BEGUN, OVER, ended(0))
    assert fixture.sandbox.is_alive()
    await fixture.run()

    assert not fixture.sandbox.is_alive()

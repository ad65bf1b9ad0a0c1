"""Requests to a background engine: each is answered, and ends with the client that has sent it."""

import os

import msgspec
import pytest

from engine import Caller, Emit, Engine, EngineConfig, PolicyLike, Program, Result, Status
from engine._caller import ANYBODY
from engine.background._messages import (
    VERSION,
    Accepted,
    AskRuns,
    AskStats,
    AskTiers,
    Cancel,
    Cancelled,
    CloseSession,
    Done,
    Explain,
    Explained,
    Failed,
    Hello,
    Kill,
    OpenSession,
    RunInSession,
    Shutdown,
    ToldRuns,
    ToldStats,
    ToldTiers,
    Welcome,
    Wrote,
)
from engine.background._service import Limits
from engine.testing import FakeRuntime, prints

from ._background import (
    COLD,
    PROGRAM,
    ask,
    background,
    connection,
    greeted,
    hanging,
    run,
    told,
    until_idle,
    until_running,
)

pytestmark = pytest.mark.usefixtures("control_folder")


async def test_client_is_greeted() -> None:
    async with background(), connection() as peer:
        ask(peer, Hello(id=7, version=VERSION))

        assert await told(peer) == Welcome(id=7, pid=os.getpid(), max_concurrent=8)


async def test_batch_is_suggested_to_be_no_larger_than_what_can_run() -> None:
    config = EngineConfig(admission=msgspec.convert({"max-running": 3}, type(EngineConfig().admission)))
    async with background(config=config), connection() as peer:
        ask(peer, Hello(id=7, version=VERSION))

        answer = await told(peer)

        assert isinstance(answer, Welcome)
        assert answer.max_concurrent == 3


async def test_client_of_another_version_is_told() -> None:
    async with background(), connection() as peer:
        ask(peer, Hello(id=7, version=VERSION + 1))

        answer = await told(peer)

        assert isinstance(answer, Failed)
        assert answer.error.name == "BackgroundError"
        assert f"not {VERSION + 1}" in answer.error.text


@pytest.mark.parametrize("want_output", [True, False])
async def test_program_is_run_and_its_output_sent_if_wanted(want_output: bool) -> None:
    async with background(FakeRuntime(behaviour=prints(b"\xff\0", b"err"))), greeted() as peer:
        ask(peer, run(1, want_output=want_output))

        if want_output:
            assert await told(peer) == Wrote(id=1, stream="stdout", data=b"\xff\0")
            assert await told(peer) == Wrote(id=1, stream="stderr", data=b"err")
        answer = await told(peer)

        assert isinstance(answer, Done)
        assert (answer.result.stdout_bytes, answer.result.stderr_bytes) == (b"\xff\0", b"err")


async def test_each_question_has_its_answer() -> None:
    async with hanging() as served, greeted() as peer:
        ask(peer, run(1))
        await until_running(served)
        [info] = served.engine.runs()

        ask(peer, AskRuns(id=2))
        runs = await told(peer)
        assert isinstance(runs, ToldRuns)
        assert [one.id for one in runs.runs] == [info.id]
        ask(peer, AskStats(id=3))
        stats = await told(peer)
        assert isinstance(stats, ToldStats)
        assert stats.stats.active == 1
        ask(peer, AskTiers(id=4))
        tiers = await told(peer)
        assert isinstance(tiers, ToldTiers)
        assert tiers.tiers == await served.engine.tiers()
        ask(peer, Explain(id=5, program=PROGRAM, policy=None))
        explained = await told(peer)
        assert isinstance(explained, Explained)
        assert [decision.taken for decision in explained.decisions] == [True]
        ask(peer, Kill(id=6, run=info.id))
        both = {answer.id: answer for answer in (await told(peer), await told(peer))}
        assert both[6] == Accepted(id=6)
        killed = both[1]
        assert isinstance(killed, Done)
        assert killed.result.status is Status.CANCELLED
        ask(peer, Kill(id=7, run=info.id))
        failed = await told(peer)
        assert isinstance(failed, Failed)
        assert failed.error.name == "RunNotFoundError"


async def test_requests_go_on_side_by_side_and_are_answered_when_ready() -> None:
    async with hanging() as served, greeted() as peer:
        for number in range(1, 6):
            ask(peer, run(number))
        await until_running(served, 5)

        ask(peer, Cancel(id=4))
        assert await told(peer) == Cancelled(id=4)
        ask(peer, Cancel(id=2))
        assert await told(peer) == Cancelled(id=2)

        assert len(served.engine.runs()) == 3


async def test_cancelling_what_is_not_there_is_nothing() -> None:
    async with background(), greeted() as peer:
        ask(peer, Cancel(id=99))
        ask(peer, AskRuns(id=1))

        assert await told(peer) == ToldRuns(id=1, runs=[])


async def test_request_can_be_cancelled_in_the_same_breath() -> None:
    async with hanging() as served, greeted() as peer:
        ask(peer, run(1))
        ask(peer, Cancel(id=1))

        assert await told(peer) == Cancelled(id=1)
        await until_idle(served)


async def test_session_lends_one_sandbox_until_it_is_closed() -> None:
    from engine import Capabilities

    able = Capabilities(languages=frozenset({"python"}), sessions=frozenset({"python"}))
    async with background(FakeRuntime(capabilities=able), config=COLD) as served, greeted() as peer:
        ask(peer, OpenSession(id=1, policy=None, caller=Caller()))
        assert await told(peer) == Accepted(id=1)
        for number in (2, 3):
            ask(peer, RunInSession(id=number, session=1, program=PROGRAM, want_output=False))
            assert isinstance(await told(peer), Done)
        [sandbox] = served.runtime.sandboxes
        assert len(sandbox.programs) == 2
        assert served.activity.active == 1
        assert not sandbox.closed.is_set()

        ask(peer, CloseSession(id=4, session=1))

        assert await told(peer) == Accepted(id=4)
        assert sandbox.closed.is_set()
        ask(peer, RunInSession(id=5, session=1, program=PROGRAM, want_output=False))
        failed = await told(peer)
        assert isinstance(failed, Failed)
        assert failed.error.text == "the session is closed"


async def test_sessions_of_a_client_are_bounded() -> None:
    async with background(limits=Limits(sessions=2)), greeted() as peer:
        for number in (1, 2):
            ask(peer, OpenSession(id=number, policy=None, caller=Caller()))
            assert await told(peer) == Accepted(id=number)

        ask(peer, OpenSession(id=3, policy=None, caller=Caller()))

        failed = await told(peer)
        assert isinstance(failed, Failed)
        assert failed.error.name == "PoolFullError"


async def test_client_is_known_to_the_engine_by_its_process() -> None:
    callers: list[Caller] = []

    class Watched(Engine):
        async def run(
            self,
            program: Program,
            policy: PolicyLike | None = None,
            *,
            emit: Emit | None = None,
            caller: Caller = ANYBODY,
        ) -> Result:
            callers.append(caller)
            return await super().run(program, policy, emit=emit, caller=caller)

    async with background(kind=Watched), greeted() as peer:
        ask(peer, run(1, caller=Caller(name="somebody else", priority="high", within_seconds=9.0)))
        assert isinstance(await told(peer), Done)

    assert callers == [Caller(name=f"process {os.getpid()}", priority="high", within_seconds=9.0)]


async def test_end_is_asked_for() -> None:
    async with background() as served, greeted() as peer:
        ask(peer, Shutdown(id=1))

        assert await told(peer) == Accepted(id=1)
        await served.shutdown.wait()


async def test_failure_of_the_engine_is_told_in_general_words_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fails(*args: object) -> None:
        raise ZeroDivisionError("a secret")

    runtime = FakeRuntime(behaviour=fails)  # type: ignore[arg-type]
    async with background(runtime), greeted() as peer:
        ask(peer, run(1))

        failed = await told(peer)

        assert isinstance(failed, Failed)
        assert failed.error.text == "internal error of the background engine"
        assert failed.error.attributes["dispatched"]
        ask(peer, AskRuns(id=2))
        assert await told(peer) == ToldRuns(id=2, runs=[])
    assert "a secret" in caplog.text


async def test_result_that_is_too_large_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.background._conversation.MAX_ANSWER", 2000)
    async with background(FakeRuntime(behaviour=prints(b"x" * 1000))), greeted() as peer:
        ask(peer, run(1))
        assert isinstance(await told(peer), Done)
    async with background(FakeRuntime(behaviour=prints(b"x" * 2000))), greeted() as peer:
        ask(peer, run(1))

        failed = await told(peer)

        assert isinstance(failed, Failed)
        assert "sends" in failed.error.text
        assert failed.error.attributes["dispatched"]


async def test_value_that_is_nested_too_deeply_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    plain = prints(b"out")

    async def nested(*args: object) -> object:
        return msgspec.structs.replace(await plain(*args), value=deep)  # type: ignore[arg-type]

    async with background(FakeRuntime(behaviour=nested)), greeted() as peer:  # type: ignore[arg-type]
        ask(peer, run(1))

        answer = await told(peer)

        assert isinstance(answer, Done)
        assert answer.result.value is None
        assert answer.result.value_omitted
        assert answer.result.stdout == "out"

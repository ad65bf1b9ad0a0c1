"""Programs that are compared and tested, and where it ends."""

from contextlib import aclosing

import anyio
import msgspec
import pytest

from agent import (
    AnyStep,
    Budget,
    Checked,
    Completion,
    Decided,
    Means,
    ModelError,
    Ran,
    Routed,
    Started,
    Task,
    Token,
    Verified,
    Wrote,
)
from engine import File, SandboxLostError
from engine.testing import dies, hangs

from ._agents import BAD, DOUBLE, GOOD, ONCE, QUESTION, RIGHT, WRONG, asked, assert_sound, last_words


async def test_first_programs_that_agree_end_the_vote() -> None:
    async with asked([RIGHT, "print(-5 + 12)\n"]) as run:
        answered = await run.solve(QUESTION)

        assert (answered.answer, answered.confidence) == ("7", "agreed")
        assert run.purposes == ["write", "sample"]
        assert run.actions == ["sample", "accept"]
        assert "2 programs, sampled one by one, give the same answer" in answered.verified
        assert answered.unverified == ("nothing checks that the program reads the question rightly",)
        assert_sound(run)


async def test_answer_in_words_decides_between_two_programs() -> None:
    async with asked(["code", WRONG, RIGHT, "12 and 5 less is 7.\nAnswer: 7"], means=Means()) as run:
        answered = await run.solve(QUESTION)

        assert (answered.answer, answered.confidence) == ("7", "agreed")
        assert answered.program == RIGHT.strip()
        assert run.purposes == ["route", "write", "sample", "text"]
        assert run.actions == ["sample", "sample", "accept"]
        assert "the model says the same in words, without a program" in answered.verified
        assert_sound(run)


@pytest.mark.parametrize("said", ["That is hard to say.", "Answer: 6"])
async def test_answer_in_words_that_does_not_help_is_followed_by_another_program(said: str) -> None:
    async with asked(["code", WRONG, RIGHT, said, "x = 12\nprint(x - 5)\n"], means=Means()) as run:
        answered = await run.solve(QUESTION)

        assert (answered.answer, answered.confidence) == ("7", "agreed")
        assert run.purposes == ["route", "write", "sample", "text", "sample"]
        assert_sound(run)


async def test_third_program_decides_between_two() -> None:
    async with asked([WRONG, RIGHT, "x = 12\nprint(x - 5)\n"]) as run:
        answered = await run.solve(QUESTION)

        assert (answered.answer, answered.confidence) == ("7", "agreed")
        assert answered.program == RIGHT.strip()
        assert [step.answer for step in run.of(Ran)] == ["8", "7", "7"]
        assert_sound(run)


async def test_all_samples_are_used_before_a_plurality_decides() -> None:
    replies = [f"print(12 - 5 + {number})\n" for number in (1, 2, 3)]
    async with asked(replies, means=Means(route="code", samples=3)) as run:
        answered = await run.solve(QUESTION)

        assert (answered.answer, answered.confidence) == ("8", "unverified")
        assert answered.why == "as many programs were written as may be"


async def test_samples_are_drawn_with_seeds_of_their_own() -> None:
    async with asked([WRONG, RIGHT, RIGHT], means=Means(route="code", seed=7)) as run:
        await run.solve(QUESTION)

        assert [request.seed for request in run.model.requests] == [7, 8, 9]
        assert [request.temperature > 0 for request in run.model.requests] == [False, True, True]
        assert len({request.messages for request in run.model.requests}) == 1


async def test_constant_is_noticed_and_compared() -> None:
    async with asked(["print(8)\n", RIGHT, "print(-5 + 12)\n"]) as run:
        answered = await run.solve(QUESTION)

        assert [step.constant for step in run.of(Checked)] == [True, False, False]
        assert run.of(Decided)[0].why == "in doubt: the program only prints what it was written with"
        assert answered.answer == "7"
        assert_sound(run)


async def test_program_that_passes_its_tests_is_verified() -> None:
    async with asked([GOOD]) as run:
        answered = await run.solve(DOUBLE)

        assert (answered.answer, answered.confidence) == (GOOD.strip(), "verified")
        assert answered.verified == ("tests: 1 assertions",)
        assert answered.unverified == ()
        assert run.kinds == [
            "Started",
            "Routed",
            "Wrote",
            "Checked",
            "Ran",
            "Verified",
            "Decided",
            "Answered",
        ]
        assert_sound(run)


async def test_program_that_fails_its_tests_is_repaired() -> None:
    async with asked([BAD, GOOD]) as run:
        answered = await run.solve(DOUBLE)

        assert answered.confidence == "verified"
        assert run.purposes == ["write", "repair"]
        assert "double(3) == 6 is false, the left side is 5" in last_words(run, 1)
        assert run.of(Ran)[0].error.startswith("AssertionError")
        assert_sound(run)


@pytest.mark.parametrize(
    "trick",
    [
        "print('verified')\nraise SystemExit\n",
        "print('all tests passed')\nexit(0)\n",
        "import sys\nsys.exit()\n",
    ],
)
async def test_program_that_ends_before_its_tests_is_not_verified(trick: str) -> None:
    async with asked([trick], means=Means(route="code", samples=1, repairs=0, plan=False)) as run:
        answered = await run.solve(DOUBLE)

        assert answered.confidence == "unknown"
        assert answered.verified == ()
        assert run.of(Ran)[0].status == "tests failed"
        assert_sound(run)


async def test_examples_of_the_question_are_tests() -> None:
    task = Task(question="Write double.\n>>> double(3)\n6\n", wants="program", entry_point="double")
    async with asked([BAD, GOOD]) as run:
        answered = await run.solve(task)

        assert answered.confidence == "verified"
        assert answered.verified == ("examples: 1 assertions",)


async def test_program_without_tests_is_not_verified() -> None:
    async with asked([GOOD]) as run:
        answered = await run.solve(Task(question="Write double.", wants="program"))

        assert (answered.answer, answered.confidence) == (GOOD.strip(), "unverified")
        assert run.actions == ["accept"]


async def test_tests_find_the_input_files() -> None:
    data = File(name="data.csv", data=b"1,2")
    async with asked([GOOD]) as run:
        await run.solve(msgspec.structs.replace(DOUBLE, files=(data,)))

        assert data in run.programs[0].files


async def test_program_that_never_passes_is_shown_as_far_as_it_came() -> None:
    async with asked([BAD], means=Means(route="code", samples=1, repairs=0, plan=False)) as run:
        answered = await run.solve(DOUBLE)

        assert (answered.answer, answered.confidence) == (BAD.strip(), "unknown")
        assert answered.unverified[0].startswith("AssertionError")


async def test_programs_are_limited_by_the_budget() -> None:
    async with asked([WRONG, RIGHT], budget=Budget(programs=2)) as run:
        answered = await run.solve(QUESTION)

        assert answered.answer == "8"
        assert answered.why == "the budget of 2 programs is used up"
        assert_sound(run)


async def test_tokens_are_limited_by_the_budget() -> None:
    long = Completion(text=WRONG, new_tokens=90, prompt_tokens=10)
    async with asked([long], budget=Budget(tokens=100)) as run:
        answered = await run.solve(QUESTION)

        assert answered.answer == "8"
        assert answered.why == "the budget of 100 tokens is used up"
        assert_sound(run)


@pytest.mark.parametrize(("tokens", "asked_for"), [(50, 50), (5_000, 768)])
async def test_no_more_tokens_are_asked_for_than_there_are(tokens: int, asked_for: int) -> None:
    async with asked([RIGHT], means=ONCE, budget=Budget(tokens=tokens)) as run:
        await run.solve(QUESTION)

        assert run.model.requests[0].max_tokens == asked_for


async def test_model_that_stalls_ends_with_the_best_so_far() -> None:
    async with asked([RIGHT, None], budget=Budget(seconds=0.15)) as run:
        answered = await run.solve(QUESTION)

        assert (answered.answer, answered.confidence) == ("7", "unverified")
        assert answered.totals.seconds < 1
        assert answered.why == "the budget of 0.15 seconds is used up"
        assert run.of(Wrote)[-1].finish == "time"
        assert_sound(run)


async def test_model_that_never_says_anything_ends_without_an_answer() -> None:
    async with asked([None], budget=Budget(seconds=0.05)) as run:
        answered = await run.solve(QUESTION)

        assert (answered.answer, answered.confidence) == (None, "unknown")
        assert answered.why == "the budget of 0.05 seconds is used up"
        assert run.programs == []


async def test_text_of_a_model_that_stalls_ends_too() -> None:
    async with asked([None], means=Means(route="text"), budget=Budget(seconds=0.05)) as run:
        answered = await run.solve(QUESTION)

        assert (answered.answer, answered.confidence) == (None, "unknown")
        assert answered.why == "the budget of 0.05 seconds is used up"


async def test_program_that_hangs_is_stopped_when_the_time_is_over() -> None:
    async with asked([RIGHT], budget=Budget(seconds=0.15), behaviour=hangs) as run:
        answered = await run.solve(QUESTION)

        assert answered.answer is None
        assert run.of(Ran)[0].status == "stopped"
        assert answered.totals.seconds < 1
        assert answered.why == "the budget of 0.15 seconds is used up"
        assert run.runtime.live == 0


async def test_language_without_a_runtime_is_told_and_not_tried_again() -> None:
    means = Means(route="code")
    async with asked(["fn main() {}\n"], means=means) as run:
        answered = await run.solve(Task(question=QUESTION, language="rust"))

        assert answered.answer is None
        assert run.of(Ran)[0].status == "refused"
        assert "rust" in answered.why
        assert run.purposes == ["write"]
        assert_sound(run)


async def test_failure_of_the_engine_is_raised() -> None:
    async with asked([RIGHT], behaviour=dies) as run:
        with pytest.raises(SandboxLostError):
            await run.solve(QUESTION)


async def test_failure_of_the_model_is_raised_while_there_is_no_answer() -> None:
    async with asked([ModelError("out of memory")]) as run:
        with pytest.raises(ModelError, match="out of memory"):
            await run.solve(QUESTION)


async def test_failure_of_the_model_does_not_cost_the_answer_that_there_is() -> None:
    async with asked([RIGHT, ModelError("out of memory")]) as run:
        answered = await run.solve(QUESTION)

        assert answered.answer == "7"
        assert answered.confidence == "unverified"
        assert answered.why == "the model failed: out of memory"


async def test_leaving_while_the_model_writes_closes_its_answer() -> None:
    async with asked(["x = 12\nprint(x - 5)\n"]) as run:
        async with aclosing(run.agent.solve(Task(question=QUESTION))) as steps:
            async for step in steps:
                if isinstance(step, Token):
                    break

        assert run.model.left == 1


async def test_cancellation_while_the_model_writes_closes_its_answer() -> None:
    async with asked([None]) as run:
        async with anyio.create_task_group() as group:
            group.start_soon(run.solve, QUESTION)
            await run.model.stalled.wait()
            group.cancel_scope.cancel()

        assert run.model.left == 1


async def test_cancellation_while_a_program_runs_closes_its_sandbox() -> None:
    started = anyio.Event()

    async def behave(*arguments: object) -> object:
        started.set()
        return await hangs(*arguments)  # type: ignore[arg-type]

    async with asked([RIGHT], behaviour=behave) as run:  # type: ignore[arg-type]
        async with anyio.create_task_group() as group:
            group.start_soon(run.solve, QUESTION)
            await started.wait()
            group.cancel_scope.cancel()

        assert run.runtime.live == 0
        assert run.runtime.sandboxes[0].closed.is_set()


@pytest.mark.parametrize("kind", [Started, Routed, Wrote, Checked, Ran, Verified, Decided])
async def test_leaving_after_any_step_leaves_nothing(kind: type[AnyStep]) -> None:
    async with asked([RIGHT, RIGHT]) as run:
        async with aclosing(run.agent.solve(Task(question=QUESTION))) as steps:
            async for step in steps:
                if isinstance(step, kind):
                    break

        assert run.model.left == 0
        assert run.runtime.live == 0

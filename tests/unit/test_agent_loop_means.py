"""Which means an agent uses: routes, helpers, reviews, plans."""

from contextlib import aclosing

import anyio
import msgspec
import pytest

from agent import (
    Answered,
    Checked,
    Decided,
    Means,
    Message,
    Ran,
    Request,
    Routed,
    Started,
    Task,
    Token,
    Tools,
    Verified,
    Wrote,
)
from agent.testing import Reply

from ._agents import BAD, DOUBLE, ONCE, QUESTION, RIGHT, WRONG, asked, assert_sound, last_words


async def test_one_sample_is_one_program() -> None:
    async with asked([RIGHT], means=ONCE) as run:
        answered = await run.solve(QUESTION)

        assert run.purposes == ["write"]
        assert (answered.answer, answered.confidence) == ("7", "unverified")


async def test_without_checks_nothing_is_looked_at_before_a_program_runs() -> None:
    means = Means(route="code", samples=1, check=False, repairs=0, plan=False)
    async with asked(["x = 12\nlet y = 5;\n"], means=means) as run:
        await run.solve(QUESTION)

        assert run.of(Checked) == []
        assert run.of(Wrote)[0].went_back == 0
        assert run.of(Ran)[0].error.startswith("SyntaxError: invalid syntax\nline 2: let y = 5;")


async def test_without_verification_nothing_is_verified() -> None:
    means = Means(route="code", samples=1, verify=False)
    async with asked([BAD], means=means) as run:
        answered = await run.solve(DOUBLE)

        assert run.of(Verified) == []
        assert "assert double" not in str(run.programs[0].code)
        assert answered.confidence == "unverified"


async def test_without_verification_a_constant_is_no_doubt() -> None:
    async with asked(["print(8)\n", "print(8.0)\n"], means=Means(route="code", verify=False)) as run:
        answered = await run.solve(QUESTION)

        assert (answered.answer, answered.confidence) == ("8", "agreed")


async def test_helpers_are_shown_for_tasks_that_need_them() -> None:
    question = (
        "A knapsack holds 10 kg. Items weigh 2, 3, 5 and 7 kg and are worth 1, 4, 6 and 9. Best total value?"
    )
    async with asked([RIGHT], means=ONCE) as run:
        await run.solve(question)

        assert "knapsack" in run.of(Routed)[0].helpers
        first = run.model.requests[0]
        imported = f"from solvers import {', '.join(run.of(Routed)[0].helpers)}\n"
        assert first.opening.startswith(f"```python\n{imported}")
        assert "These functions exist" in last_words(run, 0)


async def test_host_functions_are_shown_and_left_to_the_program_to_import() -> None:
    tools = Tools()

    @tools.register
    def price_of(article: str) -> float:
        """Return the price of an article."""
        return 0.2

    async with asked([RIGHT], means=ONCE, tools=tools) as run:
        await run.solve(QUESTION)

        assert run.model.requests[0].opening == "```python\n"
        assert "from tools import price_of" in last_words(run, 0)


async def test_no_function_is_mentioned_where_none_is_registered() -> None:
    async with asked([RIGHT], means=ONCE, tools=Tools()) as run:
        await run.solve(QUESTION)

        assert "functions exist" not in last_words(run, 0)


@pytest.mark.parametrize("helpers", [True, False])
async def test_no_helper_is_mentioned_where_none_is_needed(helpers: bool) -> None:
    means = msgspec.structs.replace(ONCE, helpers=helpers)
    async with asked([RIGHT], means=means) as run:
        await run.solve(QUESTION)

        assert run.of(Routed)[0].helpers == ()
        assert "functions exist" not in last_words(run, 0)


async def test_no_helper_is_shown_without_helpers() -> None:
    question = (
        "A knapsack holds 10 kg. Items weigh 2, 3, 5 and 7 kg and are worth 1, 4, 6 and 9. Best total value?"
    )
    async with asked([RIGHT], means=msgspec.structs.replace(ONCE, helpers=False)) as run:
        await run.solve(question)

        assert run.of(Routed)[0].helpers == ()
        assert "functions exist" not in last_words(run, 0)


async def test_reviewer_is_asked_about_each_answer() -> None:
    means = Means(route="code", samples=2, review=True)
    async with asked([RIGHT, RIGHT], means=means, reviews=["yes", "yes"]) as run:
        answered = await run.solve(QUESTION)

        assert run.purposes == ["write", "review", "sample", "review"]
        assert answered.confidence == "agreed"
        assert "review: the reviewing model agrees" in answered.verified
        assert answered.totals.model_calls == 4


async def test_reviewer_that_gives_no_verdict_decides_nothing() -> None:
    means = Means(route="code", samples=1, review=True)
    async with asked([RIGHT], means=means, reviews=["perhaps"]) as run:
        answered = await run.solve(QUESTION)

        assert "review: the reviewing model gave no verdict" in answered.unverified


async def test_model_reviews_itself_without_another() -> None:
    means = Means(route="code", samples=1, review=True)
    async with asked([RIGHT, "yes"], means=means) as run:
        await run.solve(QUESTION)

        assert run.purposes == ["write", "review"]
        assert run.model.requests[1].choices == ("yes", "no")


async def test_answer_that_the_reviewer_doubts_is_not_taken_at_once() -> None:
    means = Means(route="code", samples=3, review=True)
    async with asked([WRONG, WRONG, RIGHT], means=means, reviews=["no", "no", "yes"]) as run:
        answered = await run.solve(QUESTION)

        assert run.actions[:2] == ["sample", "sample"]
        assert "implausible" in run.of(Decided)[0].why
        assert run.purposes.count("review") == 3
        assert answered.totals.samples == 3


PLAN = (
    'def halve(x: int) -> int:\n    """Half.\n\n    >>> halve(4)\n    2\n    """\n'
    'def shown(x: int) -> str:\n    """As text.\n\n    >>> shown(4)\n    \'4\'\n    """\n'
)


async def test_task_is_divided_after_repairs_have_failed() -> None:
    replies: list[Reply | None] = [
        "print(1 / 0)\n",
        "print(2 / 0)\n",
        PLAN,
        "def halve(x: int) -> int:\n    return x // 2\n",
        "def shown(x: int) -> str:\n    return str(x)\n",
        "print(shown(halve(14)))\n",
    ]
    means = Means(route="code", samples=1, repairs=1)
    async with asked(replies, means=means) as run:
        answered = await run.solve(QUESTION)

        assert answered.answer == "7"
        assert run.purposes == ["write", "repair", "plan", "plan", "plan", "write"]
        assert "def halve" in answered.program
        assert "assert (halve(4)) == (2)" in last_words(run, 3)
        assert_sound(run)


async def test_part_that_fails_ends_the_plan() -> None:
    replies: list[Reply | None] = [
        "print(1 / 0)\n",
        "print(2 / 0)\n",
        PLAN,
        "def halve(x: int) -> int:\n    return x\n",
        "def halve(x: int) -> int:\n    return x + 0\n",
    ]
    async with asked(replies, means=Means(route="code", samples=1, repairs=1)) as run:
        answered = await run.solve(QUESTION)

        assert answered.confidence == "unknown"
        assert_sound(run)


async def test_text_that_is_no_plan_ends_it() -> None:
    replies = ["print(1 / 0)\n", "print(2 / 0)\n", "def f():\n    return 1\n"]
    async with asked(replies, means=Means(route="code", samples=1, repairs=1)) as run:
        answered = await run.solve(QUESTION)

        assert answered.answer is None
        assert run.actions[-1] == "plan"


@pytest.mark.parametrize(
    "means",
    [
        Means(route="code", samples=1, repairs=1, plan=False),
        Means(route="code", samples=1, repairs=0),
    ],
)
async def test_nothing_is_planned_where_that_is_not_wanted_or_nothing_was_repaired(means: Means) -> None:
    replies = [f"print({number} / 0)\n" for number in range(1 + means.repairs)]
    async with asked(replies, means=means) as run:
        await run.solve(QUESTION)

        assert "plan" not in run.actions


async def test_nothing_is_planned_after_an_answer() -> None:
    async with asked(
        [RIGHT, "print(1 / 0)\n", "print(2 / 0)\n"], means=Means(route="code", samples=2, repairs=1)
    ) as run:
        answered = await run.solve(QUESTION)

        assert answered.answer == "7"
        assert "plan" not in run.actions


async def test_nothing_is_planned_in_another_language() -> None:
    async with asked(
        ["throw 1\n", "throw 2\n"],
        means=Means(route="code", samples=1, repairs=1),
        languages=("python", "javascript"),
    ) as run:
        await run.solve(Task(question=QUESTION, language="javascript"))

        assert "plan" not in run.actions
        assert [program.language for program in run.programs] == ["javascript"] * 2


async def test_text_is_one_answer_of_the_model() -> None:
    async with asked(["Rain falls.\nAnswer: **wet**"], means=Means(route="text")) as run:
        answered = await run.solve("What is rain?")

        assert (answered.answer, answered.confidence, answered.route) == ("wet", "unverified", "text")
        assert run.purposes == ["text"]
        assert run.kinds == ["Started", "Routed", "Wrote", "Answered"]
        assert answered.unverified == ("no program was run",)
        assert (answered.language, answered.program) == ("", "")
        assert_sound(run)


@pytest.mark.parametrize(("word", "route"), [("code", "code"), ("text", "text"), ("", "code")])
async def test_model_is_asked_where_no_rule_decides(word: str, route: str) -> None:
    answer = "Answer: 7" if route == "text" else RIGHT
    async with asked([word, answer], means=Means(samples=1)) as run:
        answered = await run.solve("Tortoise or hare?")

        assert run.model.requests[0].choices == ("code", "text")
        assert run.purposes[0] == "route"
        routed = run.of(Routed)[0]
        assert (routed.route, routed.by) == (route, "model")
        assert answered.route == route
        assert_sound(run)


async def test_rule_decides_without_the_model() -> None:
    async with asked([RIGHT, RIGHT], means=Means()) as run:
        await run.solve("How many apples are left if 5 of 12 are eaten?")

        assert run.of(Routed)[0].by == "rule"
        assert run.purposes == ["write", "sample"]


async def test_question_is_answered_in_text_when_no_program_works() -> None:
    means = Means(samples=1, repairs=0)
    async with asked(["print(12 / 0)\n", "Answer: 7"], means=means) as run:
        answered = await run.solve("How many apples are left if 5 of 12 are eaten?")

        assert (answered.answer, answered.route, answered.confidence) == ("7", "text", "unverified")
        assert answered.unverified == ("no program has worked: ZeroDivisionError: division by zero",)
        assert run.actions == ["stop", "text"]
        assert_sound(run)


async def test_means_of_a_question_go_before_those_of_the_agent() -> None:
    async with asked(["Answer: 7"]) as run:
        async with aclosing(run.agent.solve(Task(question=QUESTION), Means(route="text"))) as steps:
            kinds = [type(step) async for step in steps if not isinstance(step, Token)]

        assert kinds == [Started, Routed, Wrote, Answered]


async def test_questions_are_answered_at_once() -> None:
    async with asked([RIGHT, RIGHT], means=ONCE) as run:
        answers: list[str | None] = []

        async def ask() -> None:
            async with aclosing(run.agent.solve(Task(question=QUESTION))) as steps:
                last = [step async for step in steps][-1]
            assert isinstance(last, Answered)
            answers.append(last.answer)

        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            group.start_soon(ask)

        assert answers == ["7", "7"]


async def test_tokens_are_those_of_the_answers() -> None:
    async with asked([RIGHT, RIGHT]) as run:
        await run.solve(QUESTION)

        assert run.text == RIGHT * 2


async def test_scripted_model_says_what_it_was_asked_when_its_script_is_over() -> None:
    async with asked([]) as run:
        request = Request(messages=(Message("user", "hello"),))

        with pytest.raises(AssertionError, match="hello"):
            await anext(run.model.complete(request))

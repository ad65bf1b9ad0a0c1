"""Questions with tables: what is read of them, and what the model and its programs see of it."""

import msgspec

from agent import Checked, Decided, Means, Ran, Routed, Task, Verified

from ._agents import ONCE, asked, assert_sound

_TABLE = "A lift takes 120 kg. Of these crates, what is the total?\n" + "\n".join(
    f"crate {place}: {weight} kg, worth {worth} euros"
    for place, (weight, worth) in enumerate([(40, 9), (35, 7), (60, 4)], 1)
)
_MANY = "Add up 7, " + ", ".join(map(str, range(100, 180))) + ". The total?"
_PACKING = (
    "A knapsack carries at most 90 kg. What is the largest total value?\n"
    "1) weight 40 kg, value 9\n2) weight 35 kg, value 7\n3) weight 60 kg, value 4\n"
)


async def test_program_takes_data_by_name_and_runs_with_them_in_it() -> None:
    async with asked(["print(sum(kg))\n"], means=ONCE) as run:
        answered = await run.solve(_TABLE)

        assert answered.answer == "135"
        assert run.of(Routed)[0].data == ("kg", "worths")
        assert run.model.requests[0].opening.endswith(
            "kg = [40, 35, 60]\nworths = [9, 7, 4]  # worth euros\n# also in the question: 120\n"
        )
        (checked,) = run.of(Checked)
        assert checked.program == "kg = [40, 35, 60]\nprint(sum(kg))"
        assert answered.program == checked.program
        assert_sound(run)


async def test_program_that_defines_a_name_itself_keeps_its_own_value() -> None:
    async with asked(["kg = [1]\nprint(sum(kg))\n"], means=ONCE) as run:
        answered = await run.solve(_TABLE)

        assert answered.answer == "1"


async def test_failed_program_is_given_back_without_the_bulk_of_the_data() -> None:
    async with asked(["print(total(numbers))\n", "print(sum(numbers))\n"], means=ONCE) as run:
        answered = await run.solve(_MANY)

        assert answered.answer == str(7 + sum(range(100, 180)))
        given_back = run.model.requests[1].messages[-2].text
        assert "numbers = [7, 100, 101, " in given_back
        assert "170" not in given_back
        assert [ran.status for ran in run.of(Ran)] == ["error", "ok"]


async def test_what_a_program_leaves_out_is_named_before_the_next_one() -> None:
    means = Means(route="code", samples=2)
    own = "values, weights = [9, 7, 4], [40, 35, 60]\n"
    async with asked([f"{own}print(max(values))\n", "print(16, 90, weights, values)\n"], means=means) as run:
        await run.solve(_PACKING)

        assert run.of(Routed)[0].data == ("weights", "values")
        assert run.of(Decided)[0].why == "in doubt: not in the program: 90"
        assert run.model.requests[0].opening.endswith("# also in the question: 90\n")
        assert run.model.requests[1].opening.endswith("# do not leave out: 90\n")
        assert {check.name: check.passed for check in run.of(Verified)[1].checks}["data"]


async def test_nothing_is_read_without_helpers_or_for_another_language_or_a_program() -> None:
    no_helpers = msgspec.structs.replace(ONCE, helpers=False)
    async with asked(["print(135)\n"], means=no_helpers) as run:
        await run.solve(_TABLE)
        assert run.of(Routed)[0].data == ()
    async with asked(["print(135)\n"], means=ONCE, languages=["javascript"]) as run:
        await run.solve(Task(question=_TABLE, language="javascript"))
        assert run.of(Routed)[0].data == ()
    async with asked(["def f(): return 135\n"], means=ONCE) as run:
        await run.solve(Task(question=_TABLE, wants="program"))
        assert run.of(Routed)[0].data == ()
        assert run.model.requests[0].opening == "```python\n"

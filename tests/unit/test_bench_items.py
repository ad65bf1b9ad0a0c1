import json
from pathlib import Path

import msgspec
import pytest

from agent.bench._items import Item, choose, find_sets, items_of, load_items, why_not_scored
from agent.bench._tasks import hidden_tests, task_of
from engine import ConfigError


def write(folder: Path, *items: dict[str, object]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    return folder


def sum_item(number: int, **fields: object) -> dict[str, object]:
    entry = {"id": f"sums/{number}", "kind": "math", "answer_type": "int", "answer": str(2 * number)}
    return {**entry, "question": f"What is {number} + {number}?", **fields}


def test_items_are_read_with_fields_that_are_not_known(tmp_path: Path) -> None:
    folder = write(tmp_path / "sums", sum_item(1, meta={"a": [1]}, new_field=None), sum_item(2))

    found = load_items(folder)

    assert found.name == "sums"
    assert sorted(item.answer for item in found.items) == ["2", "4"]


@pytest.mark.parametrize(
    "line",
    ['{"id": "a"}', "[]", "{", '{"id": 1, "kind": "math", "answer_type": "int"}', '{"id": "a", "kind": "b"}'],
)
def test_line_that_is_no_item_is_named(tmp_path: Path, line: str) -> None:
    folder = write(tmp_path / "sums", sum_item(1))
    with (folder / "items.jsonl").open("a") as file:
        file.write(line + "\n")

    with pytest.raises(ConfigError, match=r"items\.jsonl:2: no item"):
        load_items(folder)


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_items(tmp_path)


def test_larger_limit_takes_the_same_items_and_more(tmp_path: Path) -> None:
    folder = write(tmp_path / "sums", *map(sum_item, range(50)))

    few, more, all_items = (load_items(folder, limit=limit).items for limit in (10, 20, None))

    assert len(few) == 10
    assert more[:10] == few
    assert all_items[:20] == more
    assert len(all_items) == 50
    assert [item.id for item in few] != [f"sums/{number}" for number in range(10)]


def test_order_does_not_depend_on_the_file(tmp_path: Path) -> None:
    one = load_items(write(tmp_path / "a", *map(sum_item, range(20))), limit=5)
    two = load_items(write(tmp_path / "b", *map(sum_item, reversed(range(20)))), limit=5)

    assert one.items == two.items


def test_items_that_cannot_be_scored_are_counted_and_not_taken(tmp_path: Path) -> None:
    others = [sum_item(number, answer_type="latex") for number in range(3)]
    folder = write(tmp_path / "sums", *others, sum_item(7), sum_item(8, answer_type="verifier"))

    found = load_items(folder, limit=5)

    assert [item.id for item in found.items] == ["sums/7"]
    assert found.skipped == {"latex": 3, "verifier": 1}


def test_language_chooses_items_by_any_of_its_names(tmp_path: Path) -> None:
    code = {"kind": "code", "answer_type": "tests"}
    folder = write(
        tmp_path / "code", sum_item(1, **code, language="js"), sum_item(2, **code, language="python")
    )

    assert [item.id for item in load_items(folder, language="javascript").items] == ["sums/1"]
    assert [item.id for item in load_items(folder, language="js").items] == ["sums/1"]
    assert [item.id for item in load_items(folder, language="python").items] == ["sums/2"]


def test_tests_in_languages_without_a_proof_of_their_end_are_not_scored() -> None:
    item = Item(id="a", kind="code", answer_type="tests", language="go")

    assert why_not_scored(item) == "tests in go"


def test_folder_of_sets_is_looked_through(tmp_path: Path) -> None:
    one, two = (write(tmp_path / name, sum_item(1)) for name in ("one", "two"))
    (tmp_path / "three").mkdir()

    assert find_sets([tmp_path], []) == [one, two]
    assert find_sets([tmp_path], ["two"]) == [two]
    assert find_sets([one], []) == [one]
    assert find_sets([one, tmp_path], []) == [one, two]


def test_unknown_set_is_refused_with_those_there_are(tmp_path: Path) -> None:
    write(tmp_path / "one", sum_item(1))

    with pytest.raises(ConfigError, match="`four`") as raised:
        find_sets([tmp_path], ["four"])

    assert raised.value.hint == "there are: one"


def test_folder_without_sets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no set in"):
        find_sets([tmp_path], [])


def test_generated_items_are_checked_like_others() -> None:
    assert items_of("made", [sum_item(1)]).items[0].answer == "2"
    with pytest.raises(ConfigError, match="`made`"):
        items_of("made", [{"id": "x"}])


def test_question_of_a_plain_item_is_all_that_is_asked() -> None:
    item = msgspec.convert(sum_item(3), Item)

    task = task_of(item)

    assert (task.question, task.wants, task.language, task.tests) == ("What is 3 + 3?", "answer", None, "")


_DOUBLE = Item(
    id="double",
    kind="code",
    answer_type="tests",
    language="python",
    question="Write a function to double a number.",
    entry_point="double",
    test_imports=("import math",),
    tests=("assert double(2) == 4", "assert double(secret) == hidden"),
    public_tests=("assert double(2) == 4",),
)


def test_function_is_asked_for_with_its_public_test() -> None:
    task = task_of(_DOUBLE)

    assert task.wants == "program"
    assert task.question.endswith("Your function must pass this test:\nassert double(2) == 4")
    assert task.tests == "import math\nassert double(2) == 4"
    assert (task.language, task.entry_point) == ("python", "double")


def test_head_of_a_function_becomes_the_question() -> None:
    head = 'def double(n):\n    """Twice n."""\n'
    item = msgspec.structs.replace(_DOUBLE, question="", prompt=head, public_tests="")

    task = task_of(item)

    assert "Complete this Python function" in task.question
    assert head.strip() in task.question
    assert task.tests == ""


def test_program_to_mend_is_given_whole() -> None:
    item = Item(
        id="x",
        kind="repair",
        answer_type="tests",
        language="js",
        prompt="const half = (n) => {\n",
        buggy="  return n * 2\n}\n",
        entry_point="half",
        public_tests="console.assert(half(2) === 1)",
    )

    task = task_of(item)

    assert task.code == "const half = (n) => {\n  return n * 2\n}\n"
    assert task.question == "Fix the bug in the JavaScript function `half`."
    assert (task.language, task.tests) == ("javascript", "console.assert(half(2) === 1)")


@pytest.mark.parametrize("kind", ["math", "opt", "algo", "text", "code", "repair", "routing"])
def test_nothing_hidden_is_in_any_task(kind: str) -> None:
    fields = {
        "answer": "SECRET-answer",
        "tests": "SECRET-tests",
        "call": "SECRET-call",
        "reference": "SECRET-reference",
        "io_tests": [[["SECRET-given"], "SECRET-expected"]],
    }
    item = msgspec.convert(sum_item(1, **fields, language="python") | {"kind": kind}, Item)

    assert "SECRET" not in str(task_of(item))


def test_hidden_tests_have_their_imports_and_their_call() -> None:
    item = msgspec.structs.replace(_DOUBLE, tests="def check(f): ...", call="check(double)")

    assert hidden_tests(item) == "import math\ndef check(f): ...\ncheck(double)"


def test_choosing_from_nothing_gives_nothing() -> None:
    assert choose("empty", []).items == ()

"""What an agent is shown of an item: never its answer, its hidden tests or its reference program."""

from agent._task import Task

from ._items import Item, language_of, named

_TITLES = {"javascript": "JavaScript", "python": "Python", "typescript": "TypeScript"}


def task_of(item: Item) -> Task:
    """Return the question to put to an agent."""
    if item.kind == "repair":
        return _repair(item)
    if item.kind == "code":
        return _function(item)
    return Task(question=item.question)


def _repair(item: Item) -> Task:
    name = f" `{item.entry_point}`" if item.entry_point else ""
    question = f"Fix the bug in the {_title(item)} function{name}."
    return Task(
        question=f"{question}\n\n{item.question}" if item.question else question,
        language=language_of(item) or None,
        wants="program",
        code=item.prompt + item.buggy,
        tests=public_tests(item),
        entry_point=item.entry_point,
    )


def _function(item: Item) -> Task:
    tests = public_tests(item)
    question = item.question
    if item.prompt:
        question = f"Complete this {_title(item)} function.\n\n{item.prompt.strip()}"
    elif tests:
        word = "this test" if len(_lines(item.public_tests)) == 1 else "these tests"
        shown = "\n".join(_lines(item.public_tests))
        question = f"{question}\nYour function must pass {word}:\n{shown}"
    return Task(
        question=question,
        language=language_of(item) or None,
        wants="program",
        tests=tests,
        entry_point=item.entry_point,
    )


def public_tests(item: Item) -> str:
    """Return the tests that an agent may see, with their imports; empty if there are none."""
    lines = _lines(item.public_tests)
    return "\n".join([*item.test_imports, *lines]) if lines else ""


def hidden_tests(item: Item) -> str:
    """Return the tests that decide, with what runs them."""
    parts = [*item.test_imports, *_lines(item.tests), item.call]
    return "\n".join(part for part in parts if part)


def _lines(tests: str | tuple[str, ...]) -> tuple[str, ...]:
    if isinstance(tests, tuple):
        return tests
    return (tests,) if tests.strip() else ()


def _title(item: Item) -> str:
    return _TITLES.get(named(item.language), item.language or "given")

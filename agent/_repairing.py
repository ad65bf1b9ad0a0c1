"""What a model is told about its program that failed: the smallest useful context, one instruction."""

import re

from ._running import Observed

_LOOKED_UP = ("NameError", "AttributeError", "ImportError", "ModuleNotFoundError", "TypeError")
_WHOLE = "Write the whole corrected program again."


def is_repairable(observed: Observed) -> bool:
    """Whether giving the program back can help. What the engine refuses, another program would not change."""
    return observed.result is not None and not observed.ok


def needs_documents(observed: Observed) -> bool:
    """Whether the error is about a name, so that documentation may know better."""
    return observed.error.startswith(_LOOKED_UP)


def instruction(observed: Observed, problems: tuple[str, ...], documents: str = "") -> str:
    """Say what happened and what to do."""
    parts = [_happened(observed)]
    if problems:
        parts.append("\n".join(problems))
    if documents:
        parts.append(f"From the documentation:\n{documents}")
    parts.append(_WHOLE)
    return "\n".join(parts)


def another_way(told: str) -> str:
    """Say the same to a model that has given its program back unchanged."""
    return f"{told}\nThe same program fails again. Solve it in another way."


def syntax_instruction(problems: tuple[str, ...]) -> str:
    """Say what is wrong with a program that cannot be run at all."""
    return "\n".join(["This is not a valid program:", *problems, _WHOLE])


def _happened(observed: Observed) -> str:
    if observed.status == "timeout":
        return "The program was too slow and was stopped. Use a faster algorithm."
    if observed.status == "memory":
        return "The program used too much memory. Keep less at a time."
    if observed.error.startswith("AssertionError"):
        return f"A test failed:\n{_test_of(observed.error)}\nThink about which line is wrong."
    if observed.status == "ok" and observed.passed is None:
        return "The program printed nothing. Print the answer."
    return f"The program failed:\n{observed.error}"


def _test_of(error: str) -> str:
    text = error.removeprefix("AssertionError").removeprefix(":").strip()
    return re.sub(r"\nline \d+: .*", "", text).strip() or "an assertion"

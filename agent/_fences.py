"""Find the program or the answer in what a model wrote."""

import re

_BLOCK = re.compile(
    r"^[ \t]*```[ \t]*([\w+#.-]*)[^\n]*\n(.*?)(?:^[ \t]*```[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
_ANSWER = re.compile(r"answer\b[^\n:]{0,20}:[ \t]*(.*)", re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\{([^{}]*)\}")
_MARKS = " \t*`_\"'"


def program_in(text: str, *, opened: bool) -> str:
    """Return the program in an answer: the last block of code, or all of it if there is no fence.

    A fence that is never closed ends with the text.

    Args:
        text: What the model wrote.
        opened: We have written the fence that opens it.
    """
    if opened:
        inner, _, _ = _without_fence(text).partition("\n```")
        return "" if inner.startswith("```") else inner.strip("\n").rstrip()
    blocks = [match[2] for match in _BLOCK.finditer(text)]
    return (blocks[-1] if blocks else text).strip("\n").rstrip()


def _without_fence(text: str) -> str:
    """Leave out a fence that a model opens once more."""
    first, _, rest = text.partition("\n")
    return rest if first.startswith("```") and first.strip("` \t") else text


def is_closed(text: str) -> bool:
    """Whether a block of code has been opened and closed, so that nothing of use comes any more."""
    found = _BLOCK.search(text)
    return found is not None and found[0].rstrip(" \t").endswith("```") and len(found[0].strip()) > 3


def answer_in(text: str) -> str:
    """Return the final answer in a text: after `Answer:`, in a box, else the last line."""
    boxed = _BOXED.findall(text)
    for line in reversed(text.splitlines()):
        found = _ANSWER.search(line)
        if found and found[1].strip(_MARKS):
            return _bare(found[1])
    if boxed:
        return str(boxed[-1]).strip()
    lines = [line for line in text.splitlines() if line.strip(_MARKS)]
    return _bare(lines[-1]) if lines else ""


def _bare(text: str) -> str:
    boxed = _BOXED.search(text)
    if boxed:
        text = boxed[1]
    return text.strip().strip(_MARKS).rstrip(".").strip(_MARKS)

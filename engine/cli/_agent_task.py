"""From the arguments of `isorun agent` to its task: a question, a program to mend, or tests to pass."""

import ast
import sys
from argparse import Namespace
from pathlib import Path

from agent import Task
from engine import ConfigError, EngineConfig

from ._console import visible_line
from ._errors import UsageError
from ._language import language_named, language_of
from ._request import input_file

#: Of UTF-8: more than any context holds.
MAX_QUESTION_BYTES = 64 * 1024
_MEND = "Fix the bug in this program."


def task_of(arguments: Namespace, config: EngineConfig) -> Task:
    """Return what is asked.

    Raises:
        UsageError: There is no question, or it is too long.
        ConfigError: A file cannot be read.
    """
    language = None if arguments.lang is None else language_named(arguments.lang, config.interpreters)
    code = ""
    if arguments.fix is not None:
        code = _text(arguments.fix)
        endings = {one.suffix.lower(): name for name, one in config.interpreters.items() if one.suffix}
        language = language or language_of(arguments.fix, code.encode(), endings)
    return Task(
        question=_question(arguments.words or ([_MEND] if code else [])),
        language=language,
        files=tuple(map(input_file, arguments.file)),
        wants="program" if code or arguments.tests is not None else "answer",
        code=code,
        tests=_tests(arguments, language),
    )


def _tests(arguments: Namespace, language: str | None) -> str:
    """Return the statements that have to pass."""
    if arguments.tests is None:
        return ""
    text = _text(arguments.tests)
    module = Path(arguments.fix or "").stem
    return _statements(text, module) if language in (None, "python") else text


def _statements(tests: str, module: str) -> str:
    """Make statements of tests as pytest has them: no import of the program, and calls of `test_...`."""
    try:
        tree = ast.parse(tests)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return tests  # of another language, or for the model to see
    body = [node for node in tree.body if not (isinstance(node, ast.ImportFrom) and node.module == module)]
    calls = [
        f"{node.name}()"
        for node in body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not node.args.args
    ]
    if not calls and len(body) == len(tree.body):
        return tests
    return "\n".join([*map(ast.unparse, body), *calls])


def _question(words: list[str]) -> str:
    """Return the words as one text; `-` alone stands for standard input."""
    if words == ["-"]:
        data = sys.stdin.buffer.read(MAX_QUESTION_BYTES + 1)
    else:
        data = " ".join(words).encode("utf-8", "replace")
    if len(data) > MAX_QUESTION_BYTES:
        message = f"the question is longer than {MAX_QUESTION_BYTES >> 10} KiB"
        raise UsageError(message, hint="pass data by `--file`")
    text = data.decode("utf-8", "replace").strip()
    if not text:
        raise UsageError("the question is empty", hint="put it in quotes after `isorun agent`")
    return text


def _text(path: str) -> str:
    """Read a program or its tests."""
    shown = visible_line(path)
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_QUESTION_BYTES + 1)
        text = data.decode()
    except OSError as error:
        raise ConfigError(f"`{shown}` cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"`{shown}` is not UTF-8: {error.reason}") from error
    except ValueError as error:  # a NUL in the name
        raise ConfigError(f"`{shown}` cannot be read: {error}") from error
    if len(data) > MAX_QUESTION_BYTES:
        message = f"`{shown}` is larger than {MAX_QUESTION_BYTES >> 10} KiB"
        raise ConfigError(message, hint="a model cannot read that much at once; give it the part that fails")
    if not text.strip():
        raise ConfigError(f"`{shown}` is empty")
    return text

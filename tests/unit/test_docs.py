"""Documents can't rot: what they show is parsed or run."""

import ast
import inspect
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import anyio
import pytest

from engine import EngineError, load_config
from engine.cli._parser import parse
from policies import from_dict, preset_names
from runtimes.environments import load_environment
from tests.support.background_command import background_engine

_ROOT = Path(__file__).resolve().parents[2]
_PAGES = sorted([*_ROOT.glob("*.md"), *_ROOT.glob("docs/*.md")])
_EXAMPLES = sorted(path for path in (_ROOT / "examples").iterdir() if path.is_file())
_FENCE = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?P<target>[^)#\s]+)?(?:#(?P<anchor>[^)\s]+))?\)")
#: A usage line with placeholders, not a command.
_PLACEHOLDER = re.compile(r"\.\.\.|\[options\]|[|(]FILE")
#: How far a command goes when a shell reads it.
_SHELL_ENDS = {"|", "<", ">", "&&", ";"}


def _blocks(kind: str) -> Iterator[tuple[str, str]]:
    for page in _PAGES:
        for match in _FENCE.finditer(page.read_text(encoding="utf-8")):
            if match["kind"] == kind:
                line = page.read_text(encoding="utf-8")[: match.start()].count("\n") + 1
                yield f"{page.relative_to(_ROOT)}:{line}", match["text"]


def _commands() -> Iterator[tuple[str, list[str]]]:
    """Yield each `isorun` command line: after `$`, indented in Markdown, or in the head of an example."""
    for path in [*_PAGES, *_EXAMPLES]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            command = re.sub(r"^(\$ |    |#   |//   )", "", line)
            if command != line and "isorun " in command and not _PLACEHOLDER.search(command):
                arguments = _arguments(command)
                if arguments is not None:
                    yield f"{path.relative_to(_ROOT)}:{number}", arguments


def _arguments(command: str) -> list[str] | None:
    """Return what a shell would hand to isorun; None if the line starts something else."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.commenters = "#"
    words = list(lexer)
    while "isorun" in words:
        before, words = words[: words.index("isorun")], words[words.index("isorun") + 1 :]
        if not before or before[-1] in _SHELL_ENDS:
            end = next((at for at, word in enumerate(words) if word in _SHELL_ENDS), len(words))
            return words[:end]
    return None


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


_PYTHON = dict(_blocks("python"))
_COMMANDS = dict(_commands())
_POLICIES = {place: text for place, text in _blocks("toml") if "configuration.md" not in place}


def test_readme_shows_python_and_commands() -> None:
    assert len([place for place in _PYTHON if place.startswith("README.md")]) >= 3
    assert len([place for place in _COMMANDS if place.startswith("README.md")]) >= 8


@pytest.mark.jail
@pytest.mark.slow
@pytest.mark.parametrize("place", _PYTHON)
def test_python_block_runs(place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _require_environment("base")
    code = compile(_PYTHON[place], place, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if "Engine.connect()" in _PYTHON[place]:
        with background_engine(tmp_path / "engine") as engine:
            monkeypatch.setenv("XDG_RUNTIME_DIR", engine.env["XDG_RUNTIME_DIR"])
            _run(code)
    else:
        _run(code)


def _run(code: CodeType) -> None:
    """Run a block, which may await."""
    outcome = eval(code, {"__name__": "__main__"})
    if inspect.iscoroutine(outcome):

        async def block() -> None:
            await outcome

        anyio.run(block)


@pytest.mark.parametrize("place", _COMMANDS)
def test_command_line_is_accepted_by_the_parser(place: str) -> None:
    arguments = parse(_COMMANDS[place])

    assert arguments.command == _COMMANDS[place][0]


@pytest.mark.parametrize("place", _COMMANDS)
def test_command_line_names_examples_that_exist(place: str) -> None:
    named = [word for word in _COMMANDS[place] if word.startswith("examples/")]

    assert [word for word in named if not (_ROOT / word).is_file()] == []


@pytest.mark.parametrize("place", _POLICIES)
def test_policy_in_a_document_is_valid(place: str) -> None:
    from_dict(tomllib.loads(_POLICIES[place]), source=place)


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(_ROOT)))
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    broken = []
    for match in _LINK.finditer(page.read_text(encoding="utf-8")):
        target, anchor = match["target"], match["anchor"]
        if target and target.startswith("https://"):
            continue
        path = (page.parent / target) if target else page
        if not path.exists() or (anchor and anchor not in _anchors(path)):
            broken.append(match[0])

    assert broken == []


@pytest.mark.parametrize("name", preset_names())
def test_preset_is_named_in_the_readme(name: str) -> None:
    assert f"`{name}`" in (_ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", _EXAMPLES, ids=lambda path: path.name)
def test_example_says_how_to_run_it(path: Path) -> None:
    places = [place for place in _COMMANDS if place.startswith(f"examples/{path.name}:")]

    assert places or f"python examples/{path.name}" in path.read_text(encoding="utf-8")


def _require_environment(name: str) -> None:
    try:
        load_environment(load_config().cache, name)
    except EngineError as error:
        pytest.skip(f"{error}; {error.hint}")

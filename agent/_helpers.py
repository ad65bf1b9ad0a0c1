"""The helper library: its files for a sandbox, its functions for a prompt, and which a question needs."""

import ast
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import msgspec

from engine import File

from ._helper_keywords import ARGUMENTS, FEATURES, KEYWORDS, RARE, Clue
from ._words import WORD, stem
from .kinds import kind_of

#: Below that, a question says nothing about any function; plain word problems stay below.
_THRESHOLD = 3.0
#: Functions that are this much less likely than the first are not worth their tokens.
_SHARE = 0.7
#: What follows further on are data, and patterns take their time.
_MAX_QUESTION = 8_000
_PARSE_LIMIT = 20_000
_PARSE_ERRORS = (SyntaxError, ValueError, MemoryError, RecursionError)
_SENTENCE_END = re.compile(r"[.?!;](?=\s|$)|\n")


class Stub(msgspec.Struct, frozen=True):
    """A function of the library as a model is shown it.

    Attributes:
        name: Of the function.
        parameters: In order, those that have a default with it: `costs`, `maximize=False`.
        notes: What it gives, and an example.
        keywords: What questions say that need it.
    """

    name: str
    parameters: tuple[str, ...]
    notes: str
    keywords: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Its call and what it gives; two or three lines of Python."""
        return self._text(self.parameters)

    def text_for(self, question: str) -> str:
        """Return its text without the parameters that would only mislead."""
        rare = RARE.get(self.name, {})
        return self._text(
            [
                parameter
                for parameter in self.parameters
                if (clue := rare.get(parameter.partition("=")[0])) is None or clue.search(question)
            ]
        )

    def _text(self, parameters: Sequence[str]) -> str:
        return f"{self.name}({', '.join(parameters)})  # {self.notes}"


@cache
def guest_files() -> tuple[File, ...]:
    """Return the library as input files of a program, which can then `import solvers`."""
    return tuple(
        File(name=f"solvers/{name}", data=source.encode(), read_only=True)
        for name, source in _sources().items()
    )


@cache
def all_stubs() -> tuple[Stub, ...]:
    """Return every function that a model can be shown."""
    found = {
        node.name: _stub(node)
        for name, source in _sources().items()
        if not name.startswith("_")
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }
    return tuple(found[name] for name in sorted(found))


def choose(question: str, limit: int = 5) -> tuple[Stub, ...]:
    """Return the functions that a question is about, the likeliest first; mostly none or one."""
    stubs = {stub.name: stub for stub in all_stubs()}
    kind = kind_of(question)
    names = ([kind] if kind in stubs else []) + [name for name in _likely(question) if name != kind]
    return tuple(stubs[name] for name in names[:limit])


def _likely(question: str) -> list[str]:
    """Return the functions for which the clues speak."""
    scores = _scores(question)
    best = max(scores.values(), default=0.0)
    likely = [name for name, score in scores.items() if score >= max(_THRESHOLD, _SHARE * best)]
    return sorted(likely, key=lambda name: -scores[name])


def arguments(question: str, names: Sequence[str]) -> str:
    """Return comments that name the arguments which a question asks for in so many words; often none."""
    text = question[:_MAX_QUESTION]
    wanted = {
        name: [argument for pattern, argument in ARGUMENTS.get(name, ()) if pattern.search(text)]
        for name in names
    }
    return "".join(f"# call {name} with {', '.join(found)}\n" for name, found in wanted.items() if found)


def arguments_by_name(program: str, tree: ast.Module) -> str:
    """Return a program in which lists that are called like a parameter are passed for that one.

    With `weights` and `values` at hand a model passes them in this order, whichever the function wants.
    """
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    parameters = {
        stub.name: [parameter.partition("=")[0] for parameter in stub.parameters]
        for stub in all_stubs()
        if stub.name not in own
    }
    lines = program.split("\n")
    marks: list[tuple[int, int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in parameters:
            names = _places(node, parameters[node.func.id])
            marks += [
                (arg.lineno - 1, arg.col_offset, name) for arg, name in zip(node.args, names, strict=False)
            ]
    for line, column, name in sorted(marks, reverse=True):
        text = lines[line].encode()
        lines[line] = f"{text[:column].decode()}{name}={text[column:].decode()}"
    return "\n".join(lines)


def _places(call: ast.Call, parameters: Sequence[str]) -> list[str]:
    """Return the parameter of each argument that has no name; none if all are in their places, or unclear."""
    said = [arg.id if isinstance(arg, ast.Name) and arg.id in parameters else "" for arg in call.args]
    free = [name for name in parameters if name not in {*said, *(keyword.arg for keyword in call.keywords)}]
    is_in_order = all(name in ("", wanted) for name, wanted in zip(said, parameters, strict=False))
    if (
        is_in_order
        or len(set(filter(None, said))) < len(list(filter(None, said)))
        or said.count("") > len(free)
    ):
        return []
    left = iter(free)
    return [name or next(left) for name in said]


def missing_imports(program: str) -> str:
    """Return the line that imports those functions which a program calls and has not; empty if none."""
    if len(program) > _PARSE_LIMIT:
        return ""
    try:
        tree = ast.parse(program)
    except _PARSE_ERRORS:
        return ""
    nodes = list(ast.walk(tree))
    calls = [node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    wanted = (set(calls) & _names()) - {name for node in nodes for name in _bound(node)}
    module = _lacks_module(nodes)
    lines = ["import solvers"] if module else []
    lines += [f"from solvers import {', '.join(sorted(wanted))}"] if wanted else []
    return "\n".join(lines)


@cache
def _sources() -> dict[str, str]:
    folder = files("agent").joinpath("guest", "solvers")
    found = {item.name: item.read_text("utf-8") for item in folder.iterdir() if item.name.endswith(".py")}
    return dict(sorted(found.items()))


@cache
def _names() -> frozenset[str]:
    """Return the names of all functions, other spellings of them included."""
    aliases = {
        name.id
        for file, source in _sources().items()
        if not file.startswith("_")
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name)
        for name in node.targets
        if isinstance(name, ast.Name)
    }
    return frozenset({stub.name for stub in all_stubs()} | aliases)


def _stub(node: ast.FunctionDef) -> Stub:
    """Leave out the types: they cost tokens, and the functions take nearly anything."""
    summary, _, rest = (ast.get_docstring(node) or "").partition("\n")
    parameters = [argument.arg for argument in node.args.args]
    defaults = [f"={ast.unparse(value)}" for value in node.args.defaults]
    defaults = [""] * (len(parameters) - len(defaults)) + defaults
    shown = map("".join, zip(parameters, defaults, strict=True))
    example, _, value = rest.partition(">>> ")[2].partition("\n")
    clues = KEYWORDS.get(node.name, ())
    return Stub(
        node.name,
        tuple(shown),
        f"{summary}\n# {example}  # {value.strip()}",
        tuple(clue.words for clue in clues),
    )


def _scores(question: str) -> dict[str, float]:
    question = question[:_MAX_QUESTION]
    text = question.lower()
    sentences = [frozenset(map(stem, WORD.findall(part))) for part in _SENTENCE_END.split(text)]
    present = frozenset(name for name, pattern in FEATURES.items() if pattern.search(question))
    return {
        name: sum(clue.weight for clue in clues if _holds(clue, sentences, present))
        for name, clues in KEYWORDS.items()
    }


def _holds(clue: Clue, sentences: list[frozenset[str]], present: frozenset[str]) -> bool:
    groups = _groups(clue.words)
    if len(groups) == 1 and clue.words in FEATURES:
        return clue.words in present
    return any(all(not group.isdisjoint(words) for group in groups) for words in sentences)


@cache
def _groups(words: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(map(stem, group.split("|"))) for group in words.split())


def _bound(node: ast.AST) -> list[str]:
    """Return the names that a statement gives a meaning."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [name for alias in node.names for name in _imported(node, alias)]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return [node.id]
    return [node.arg] if isinstance(node, ast.arg) else []


def _imported(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> list[str]:
    if alias.name == "*":
        return list(_names()) if isinstance(node, ast.ImportFrom) and node.module == "solvers" else []
    return [alias.asname or alias.name]


def _lacks_module(nodes: list[ast.AST]) -> bool:
    """Whether something is taken from `solvers` without an import of it."""
    taken = any(
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "solvers"
        for node in nodes
    )
    return taken and not any("solvers" in _bound(node) for node in nodes)

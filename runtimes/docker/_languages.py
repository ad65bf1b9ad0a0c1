"""How each language is run in its image, and compiled where it has a compiler."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from ._handover import TMP, WORK

#: What a compile stage leaves, whatever the language.
PRODUCT = "program"


class Build(NamedTuple):
    """A compile stage.

    Attributes:
        source_name: Returns the name that the compiler wants the file to have.
        script: Of `sh`, with the source file's name as `$1`; it writes `PRODUCT`.
    """

    source_name: Callable[[str], str]
    script: str


class Language(NamedTuple):
    """How programs of a language are run.

    Attributes:
        image: Name of the image of ours that has it.
        file_name: Of the program's text, or of what its compile stage has made of it.
        command: The path of that file follows.
        env: Variables that it needs.
        build: Its compile stage, if it has one.
    """

    image: str
    file_name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = MappingProxyType({})
    build: Build | None = None


_ES_MODULE = re.compile(r"^[^\S\n]*(import\b[^(]|export\b)", re.MULTILINE)
#: Comments and literals of Java, in which anything may stand.
_JAVA_TEXT = re.compile(
    r"//[^\n]*"
    r"|/\*.*?(?:\*/|\Z)"
    r"|\"\"\"(?:\\.|[^\\])*?(?:\"\"\"|\Z)"
    r"|\"(?:\\.|[^\"\\\n])*\""
    r"|'(?:\\.|[^'\\\n])*'",
    re.DOTALL,
)
_JAVA_PACKAGE = re.compile(r"^\s*package\s+([\w.]+)\s*;")
_JAVA_TYPE = r"\b(?:class|interface|enum|record)\s+(\w+)"
_JAVA_MARKS = re.compile(_JAVA_TYPE + r"|\bvoid\s+(main)\s*\(|([{}])")
_JAVA_PUBLIC = re.compile(r"\bpublic\s+(?:(?:abstract|final|non-sealed|sealed|strictfp)\s+)*" + _JAVA_TYPE)


def java_main(source: str) -> str:
    """Return the full name of the class with the method `main`; `Main` if none is to be seen."""
    text = _JAVA_TEXT.sub(" ", source)
    package = _JAVA_PACKAGE.match(text)
    return f"{package[1]}.{_outermost(text)}" if package else _outermost(text)


def _outermost(text: str) -> str:
    """Return the outermost class around the method `main`, in a text without comments and literals."""
    depth, outermost = 0, "Main"
    for found in _JAVA_MARKS.finditer(text):
        if found[1] and depth == 0:
            outermost = found[1]
        elif found[2] and depth == 1:
            return outermost
        elif found[3]:
            depth += 1 if found[3] == "{" else -1
    return "Main"


def _java_file(source: str) -> str:
    """A public class must be in a file of its own name."""
    text = _JAVA_TEXT.sub(" ", source)
    public = _JAVA_PUBLIC.search(text)
    return f"{public[1] if public else _outermost(text)}.java"


#: One collector in place of one for each core, and most of the container's memory for the heap. Said here, as
#: what the JVM takes from a variable it announces on stderr.
_JVM = ("-XX:+UseSerialGC", "-XX:-UsePerfData", "-XX:MaxRAMPercentage=70")
#: A compiler has ended before the second stage of the JVM's own would pay.
_BRIEF_JVM = "-J-XX:TieredStopAtLevel=1 " + " ".join(f"-J{flag}" for flag in _JVM)
_JAVA = Build(
    _java_file,
    f'javac {_BRIEF_JVM} -encoding UTF-8 -d {TMP}/classes "$1" && '
    f'jar {_BRIEF_JVM} --create --file {PRODUCT} --main-class "$2" -C {TMP}/classes .',
)
_GO = Build(lambda _: "main.go", f'go build -o {PRODUCT} "$1"')

LANGUAGES: dict[str, Language] = {
    "bash": Language("base", "main.sh", ("bash",)),
    "go": Language("go", PRODUCT, (), build=_GO),
    "java": Language("java", "program.jar", ("java", *_JVM, "-jar"), build=_JAVA),
    "javascript": Language("node", "main.cjs", ("node",)),
    "node": Language("node", "main.cjs", ("node",)),
    "perl": Language("base", "main.pl", ("perl",)),
    "python": Language(
        "python", "main.py", ("python3",), {"PYTHONPATH": WORK, "PYTHONDONTWRITEBYTECODE": "1"}
    ),
    "r": Language("r", "main.R", ("Rscript", "--vanilla")),
    "ruby": Language("ruby", "main.rb", ("ruby",)),
    "sh": Language("base", "main.sh", ("sh",)),
}


def file_name(language: Language, code: str | bytes) -> str:
    """Return the name for a program's file. Node tells its two kinds of modules apart by it."""
    if language.command[:1] != ("node",):
        return language.file_name
    text = code if isinstance(code, str) else code.decode("utf-8", "replace")
    return "main.mjs" if _ES_MODULE.search(text) else language.file_name

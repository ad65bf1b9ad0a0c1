"""In which language a program is written: the one that is asked for, or Python, or C for very long loops."""

import re

from ._routing_rules import CODE_THING
from ._task import Task

_DEFAULT = "python"
_FAST = "c"
# Requests say it early; what follows is data.
_LOOKED_AT = 4_000

#: Language -> how a person names it. Names that are ordinary words as well need their capital letter.
_NAMES = {
    "cpp": r"C\+\+|[cC]pp\b",
    "javascript": r"(?i:javascript|node\.?js|ecmascript)\b|\bJS\b|\bjs\b|\bNode\b",
    "typescript": r"(?i:typescript)\b|\bTS\b",
    "python": r"(?i:python)\b",
    "rust": r"Rust\b",
    "java": r"Java\b(?!\s*[sS]cript)",
    "go": r"(?i:golang)\b|\bGo\b",
    "ruby": r"Ruby\b",
    "perl": r"Perl\b|\bperl\b",
    "bash": r"(?i:bash)\b|\b(?:shell|Shell)(?= script)",
    "r": r"R\b(?![\^_²³$'])",
    "c": r"C\b(?![+#$'])",
}
# After these words comes a unit, a set or a label, or a language that is not wanted.
_NO_LANGUAGE = (
    r"(?<!degrees )(?<!temperature )(?<!temperatures )(?<!column )(?<!points )(?<!set )(?<!vectors )"
    r"(?<!from F )(?<!not )(?<!without )"
)
_AFTER = (
    r"(?:programs?|functions?|scripts?|code|class(?:es)?|methods?|snippets?|one-liners?|implementations?|"
    r"solutions?|versions?|modules?|syntax)\b"
)
_ANY_NAME = "|".join(f"(?P<{language}>{name})" for language, name in _NAMES.items())
#: How a language is asked for. The first form wins: in "from Perl to Go" the program is to be in Go.
_REQUESTS = tuple(
    re.compile(rf"\b{request}")
    for request in (
        rf"{_NO_LANGUAGE}(?:to|into)\s+(?:idiomatic\s+)?(?:{_ANY_NAME})",
        rf"{_NO_LANGUAGE}(?:in|using|use|with)\s+(?:(?:plain|pure|modern|the\s+language)\s+)?(?:{_ANY_NAME})",
        rf"(?:{_ANY_NAME})\s+{_AFTER}",
    )
)
_CODE = re.compile(rf"\b(?:{CODE_THING}|implement\w*|program\w*|coded?|algorithm\w*|solve\w*)", re.IGNORECASE)

#: Language -> what only its programs have, for a program that comes without its language.
_SIGNS = {
    "cpp": r"#include\s*<(?:iostream|vector|string|map|algorithm)>|\bstd::|\bcout\b",
    "c": r"#include\s*<\w+\.h>",
    "rust": r"\bfn \w+.*\{|\blet mut\b|println!",
    "java": r"\bpublic (?:static |final )?(?:class|void|int)\b|System\.out\.",
    "go": r"^package \w+|\bfunc \w+\(.*\{",
    "python": r"^\s*(?:def \w+\(.*:|import \w|from \w+ import|class \w+.*:)",
    "typescript": r"\b(?:const|let|function) \w+[^\n=]*:\s*(?:number|string|boolean)\b",
    "javascript": r"\bfunction\b.*\{|\b(?:const|let|var) \w+\s*=|=>|console\.log",
}

_HUGE = (
    r"(?:10\s?(?:\^|\*\*)\s?(?:8|9|1\d)|1e(?:8|9|1\d)|\d{1,3}(?:[,_ ]000){3,}|[1-9]\d{0,3}0{8,}|"
    r"(?:a |\d+ )?billions?)"
)
_TURN = (
    r"(?:iterations?|steps?|trials?|rounds?|games?|simulations?|throws?|rolls?|flips?|tosses|loops?|samples|"
    r"random|walks?|draws?|updates?)"
)
#: Work that takes an interpreter hours. A large modulus or a large sum of money is none.
_LONG_LOOP = re.compile(
    rf"\b{_HUGE}\s+(?:\w+\s+){{0,2}}{_TURN}\b|"
    rf"\b(?:simulate|iterate|loop|repeat)\b[^.?!]{{0,40}}\b{_HUGE}\b|"
    rf"\b(?:primes?|integers?|numbers?|pairs|values|starting)\b[^.?!]{{0,60}}"
    rf"\b(?:below|under|up to|less than|smaller than|to|through|until)\s+(?:n = )?{_HUGE}\b|"
    r"\bbrute[- ]?forc\w+\s+(?:\w+\s+)?(?:all|every|each)\b",
    re.IGNORECASE,
)


def choose_language(task: Task) -> tuple[str, str]:
    """Return the language for a program, and why where that is not obvious."""
    if task.language is not None:
        return task.language, ""
    if task.code:
        return _language_of(task.code), ""
    named = _named(task.question[:_LOOKED_AT])
    if named is not None:
        return named, "" if named == _DEFAULT else f"asks for {named}"
    if _LONG_LOOP.search(task.question[:_LOOKED_AT]):
        return _FAST, f"loops so long that {_FAST} is needed"
    return _DEFAULT, ""


def _named(question: str) -> str | None:
    """Return the language that is asked for; of several, the one that a program is turned into."""
    if not _CODE.search(question):
        return None
    found = (_first(pattern, question) for pattern in _REQUESTS)
    return next((language for language in found if language is not None), None)


def _first(pattern: re.Pattern[str], question: str) -> str | None:
    match = pattern.search(question)
    return match.lastgroup if match is not None else None


def _language_of(code: str) -> str:
    """Guess the language of a program; what nothing is known about is taken for Python."""
    excerpt = code[:_LOOKED_AT]
    return next((name for name, sign in _SIGNS.items() if re.search(sign, excerpt, re.MULTILINE)), _DEFAULT)

"""Which names an error is about, and which names of an index may have been meant.

Errors and programs are untrusted text: cut to a length, matched by simple patterns, and never evaluated.
"""

import ast
import difflib
import re
from collections.abc import Collection, Iterator

import msgspec

_MAX_ERROR = 2_000
_MAX_PROGRAM = 20_000
_CLOSE = 0.68
_NEARLY_THE_SAME = 0.85
_BUILT_IN = frozenset("bool bytearray bytes complex dict float frozenset int list set str tuple".split())

_NAME = r"(?P<name>[\w.]{1,200})"
_HOME = r"(?P<home>[\w.]{1,200})"
_NOT_IN_MODULE = re.compile(rf"module '{_HOME}' has no attribute '{_NAME}'")
_NOT_IN_CLASS = re.compile(rf"'(?:[\w.]*\.)?(?P<home>\w+)'(?: object)? has no attribute '{_NAME}'")
_NOT_IMPORTED = re.compile(rf"cannot import name '{_NAME}' from '{_HOME}'")
_NO_MODULE = re.compile(rf"No module named '{_NAME}'")
_UNDEFINED = re.compile(rf"name '{_NAME}' is not defined")
_MISCALLED = re.compile(
    rf"\b{_NAME}\(\) (?:got (?:an unexpected|some|multiple)|missing \d|takes |argument |expected )"
)

#: What was removed or moved, and what is used now. Models have learnt from programs for older versions.
_MOVED = {
    "DataFrame.append": "pandas.concat",
    "DataFrame.applymap": "pandas.DataFrame.map",
    "DataFrame.as_matrix": "pandas.DataFrame.to_numpy",
    "DataFrame.iteritems": "pandas.DataFrame.items",
    "DataFrame.ix": "pandas.DataFrame.loc",
    "Series.append": "pandas.concat",
    "Series.iteritems": "pandas.Series.items",
    "asyncio.coroutine": "asyncio.run",
    "collections.Callable": "collections.abc.Callable",
    "collections.Iterable": "collections.abc.Iterable",
    "collections.Mapping": "collections.abc.Mapping",
    "collections.Sequence": "collections.abc.Sequence",
    "dict.has_key": "dict.get",
    "fractions.gcd": "math.gcd",
    "inspect.getargspec": "inspect.getfullargspec",
    "itertools.ifilter": "filter",
    "itertools.imap": "map",
    "itertools.izip": "zip",
    "itertools.izip_longest": "itertools.zip_longest",
    "math.product": "math.prod",
    "networkx.from_numpy_matrix": "networkx.from_numpy_array",
    "networkx.from_pandas_dataframe": "networkx.from_pandas_edgelist",
    "networkx.to_numpy_matrix": "networkx.to_numpy_array",
    "numpy.alltrue": "numpy.all",
    "numpy.asscalar": "numpy.ndarray.item",
    "numpy.cumproduct": "numpy.cumprod",
    "numpy.float": "float",
    "numpy.in1d": "numpy.isin",
    "numpy.int": "int",
    "numpy.math": "math",
    "numpy.product": "numpy.prod",
    "numpy.row_stack": "numpy.vstack",
    "numpy.trapz": "numpy.trapezoid",
    "raw_input": "input",
    "reduce": "functools.reduce",
    "scipy.integrate.cumtrapz": "scipy.integrate.cumulative_trapezoid",
    "scipy.integrate.simps": "scipy.integrate.simpson",
    "scipy.integrate.trapz": "scipy.integrate.trapezoid",
    "scipy.misc.comb": "scipy.special.comb",
    "scipy.misc.factorial": "scipy.special.factorial",
    "string.maketrans": "str.maketrans",
    "time.clock": "time.perf_counter",
    "unichr": "chr",
    "xrange": "range",
}


class Candidates(msgspec.Struct, frozen=True, kw_only=True):
    """What an error may be about.

    Attributes:
        names: Of the index, the likeliest first.
        words: To search for if there is none; empty if the error is of another kind.
    """

    names: tuple[str, ...] = ()
    words: str = ""


def candidates(error: str, program: str, known: Collection[str]) -> Candidates:
    """Return what an error may be about.

    Args:
        error: Type and message.
        program: Source in Python; what it imports is preferred.
        known: All names of an index.
    """
    error = error[:_MAX_ERROR]
    if match := _UNDEFINED.search(error):
        return Candidates(names=_undefined(match["name"], program, known))
    if match := _NO_MODULE.search(error):
        home, _, name = match["name"].rpartition(".")
        return _missing_in_module(name, home, program, known) if home else Candidates()
    if match := _NOT_IN_MODULE.search(error) or _NOT_IMPORTED.search(error):
        return _missing_in_module(match["name"], match["home"], program, known)
    if match := _NOT_IN_CLASS.search(error):
        return _missing_in_class(match["name"], match["home"], known)
    match = _MISCALLED.search(error)
    return Candidates(names=_called(match["name"], program, known)) if match else Candidates()


def _undefined(name: str, program: str, known: Collection[str]) -> tuple[str, ...]:
    """A function that was not imported, or nearly its name; most undefined names are the program's own."""
    moved = [_MOVED[name]] if _MOVED.get(name) in known else []
    functions = [full for full in known if not _is_method(full)]
    same = _ordered((full for full in functions if _last(full) == name), program)
    return tuple(dict.fromkeys(moved + same)) or tuple(_near(name, functions, _NEARLY_THE_SAME))


def _missing_in_module(name: str, home: str, program: str, known: Collection[str]) -> Candidates:
    """Moved, elsewhere in the same library, misspelt, or in another library."""
    library = f"{home.partition('.')[0]}."
    moved = [_MOVED[f"{home}.{name}"]] if _MOVED.get(f"{home}.{name}") in known else []
    same = _ordered((full for full in known if _last(full) == name and not _is_method(full)), program)
    near = _near(name, [full for full in known if _is_inside(full, home)], _CLOSE)
    names = moved + [full for full in same if full.startswith(library)] + near + same
    return Candidates(names=tuple(dict.fromkeys(names)), words=f"{home} {name}")


def _missing_in_class(name: str, kind: str, known: Collection[str]) -> Candidates:
    """Moved, elsewhere in the same library, or misspelt; what `None` has not is a fault of another kind."""
    inside = [full for full in known if _is_inside(full, kind)]
    libraries = {full.partition(".")[0] for full in inside}
    moved = [_MOVED[f"{kind}.{name}"]] if _MOVED.get(f"{kind}.{name}") in known else []
    same = sorted(full for full in known if _last(full) == name and full.partition(".")[0] in libraries)
    names = tuple(dict.fromkeys(moved + same + _near(name, inside, _CLOSE)))
    return Candidates(names=names, words="" if kind in _BUILT_IN or kind == "NoneType" else f"{kind} {name}")


def _called(name: str, program: str, known: Collection[str]) -> tuple[str, ...]:
    """A function that is there and was called in a wrong way."""
    # What is wrong with making an object is the business of its class.
    name = name.removesuffix(".__init__").removesuffix(".__new__").removesuffix(".__call__")
    written = [full for full in _dotted_names(program) if _last(full) == _last(name) and full in known]
    same = _ordered((full for full in known if _last(full) == _last(name)), program)
    qualified = [full for full in same if full == name or full.endswith(f".{name}")]
    return tuple(dict.fromkeys(written + qualified + same))


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _is_inside(full: str, home: str) -> bool:
    """Whether a name is a member of a module, or of a class whose module an error does not tell."""
    holder = full.rpartition(".")[0]
    return holder == home or holder.endswith(f".{home}")


def _is_method(full: str) -> bool:
    holder = full.rpartition(".")[0]
    return holder in _BUILT_IN or _last(holder)[:1].isupper()


def _near(name: str, among: Collection[str], cutoff: float) -> list[str]:
    """Return names that are spelt nearly like this one."""
    by_last: dict[str, str] = {}
    for full in among:
        by_last.setdefault(_last(full).lower(), full)
    close = difflib.get_close_matches(name.lower(), by_last, n=2, cutoff=cutoff)
    return [by_last[last] for last in close]


def _ordered(names: Iterator[str], program: str) -> list[str]:
    """Put what the program imports before the rest, and short names before long ones."""
    libraries = {full.partition(".")[0] for full in _imports(_parsed(program)).values()}

    def order(full: str) -> tuple[bool, int, str]:
        return (full.partition(".")[0] not in libraries, full.count("."), full)

    return sorted(names, key=order)


def _parsed(program: str) -> ast.Module:
    if len(program) > _MAX_PROGRAM:
        return ast.Module([], [])
    try:
        return ast.parse(program)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return ast.Module([], [])


def _imports(tree: ast.Module) -> dict[str, str]:
    """Return what each imported name stands for."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                found[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def _dotted_names(program: str) -> Iterator[str]:
    """Yield what a program calls, by full names."""
    tree = _parsed(program)
    imports = _imports(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            parts: list[str] = []
            target: ast.expr = node.func
            while isinstance(target, ast.Attribute):
                parts.append(target.attr)
                target = target.value
            if isinstance(target, ast.Name):
                yield ".".join([imports.get(target.id, target.id), *reversed(parts)])

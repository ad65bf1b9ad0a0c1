"""Write what the libraries of this environment say about themselves, one JSON object a line.

Runs in a sandbox, since importing a library runs its code. A library that is not there is left out.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import sys
import types
import warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

#: What the host reads back.
DOCUMENTS, VERSIONS = "documents.jsonl", "versions.json"
MAX_SIGNATURE, MAX_TEXT, MAX_EXAMPLE = 300, 400, 600
MAX_ROWS = 20_000

#: Modules whose classes are described with their methods.
STANDARD = """
builtins math cmath statistics itertools functools operator collections collections.abc datetime zoneinfo
calendar time re json csv fractions decimal random secrets string textwrap heapq bisect array copy enum
dataclasses typing types contextlib io os os.path pathlib shutil glob fnmatch tempfile hashlib hmac base64
binascii struct zlib gzip bz2 lzma sqlite3 configparser tomllib argparse logging urllib.parse html
html.parser xml.etree.ElementTree unicodedata difflib pprint reprlib graphlib queue threading
concurrent.futures asyncio inspect ast tokenize dis traceback warnings weakref abc numbers colorsys
ipaddress uuid locale gettext email.message platform sys timeit unittest doctest codecs stat keyword
symtable sched selectors socket signal subprocess
""".split()

#: Modules of which the functions and the classes are described, but methods only where listed below.
LIBRARIES = """
numpy numpy.linalg numpy.random numpy.fft numpy.ma numpy.polynomial numpy.lib.stride_tricks numpy.testing
pandas pandas.api.types pandas.testing pandas.tseries.offsets scipy.stats scipy.optimize scipy.linalg
scipy.sparse scipy.sparse.linalg scipy.sparse.csgraph scipy.special scipy.integrate scipy.interpolate
scipy.signal scipy.spatial scipy.spatial.distance scipy.spatial.transform scipy.cluster.hierarchy
scipy.cluster.vq scipy.fft scipy.ndimage scipy.constants scipy.io scipy.differentiate networkx
networkx.algorithms.bipartite networkx.algorithms.approximation networkx.algorithms.community
networkx.algorithms.isomorphism networkx.algorithms.flow sympy sympy.ntheory sympy.combinatorics sympy.stats
sympy.geometry sympy.sets sympy.logic.inference sympy.solvers.diophantine sympy.solvers.inequalities
sympy.utilities.iterables sympy.functions.combinatorial.numbers sympy.matrices sympy.series
sympy.polys.polytools sympy.parsing.sympy_parser sympy.tensor.array sympy.vector mpmath pulp highspy
ortools.sat.python.cp_model ortools.linear_solver.pywraplp ortools.graph.python.max_flow
ortools.graph.python.min_cost_flow ortools.graph.python.linear_sum_assignment
ortools.algorithms.python.knapsack_solver ortools.constraint_solver.pywrapcp sklearn.linear_model
sklearn.cluster sklearn.ensemble sklearn.tree sklearn.neighbors sklearn.svm sklearn.metrics
sklearn.model_selection sklearn.preprocessing sklearn.pipeline sklearn.decomposition sklearn.datasets
sklearn.feature_extraction.text sklearn.naive_bayes sklearn.impute sklearn.compose matplotlib.pyplot
openpyxl PIL.Image PIL.ImageDraw PIL.ImageFilter dateutil.parser dateutil.relativedelta dateutil.rrule regex
""".split()

#: Classes of those libraries that programs hold in their hands.
CLASSES = """
numpy.ndarray numpy.random.Generator numpy.dtype numpy.polynomial.Polynomial numpy.poly1d pandas.DataFrame
pandas.Series pandas.Index pandas.Timestamp pandas.Timedelta pandas.DatetimeIndex pandas.MultiIndex
pandas.Categorical pandas.Series.str pandas.Series.dt pandas.ExcelFile pandas.Period
pandas.core.groupby.DataFrameGroupBy pandas.core.groupby.SeriesGroupBy pandas.core.window.Rolling
scipy.stats.rv_continuous scipy.stats.rv_discrete scipy.sparse.csr_matrix scipy.sparse.csr_array
scipy.spatial.KDTree scipy.spatial.ConvexHull scipy.spatial.Delaunay scipy.spatial.transform.Rotation
scipy.optimize.OptimizeResult scipy.interpolate.CubicSpline scipy.interpolate.interp1d networkx.Graph
networkx.DiGraph networkx.MultiGraph networkx.MultiDiGraph sympy.Expr sympy.Basic sympy.Symbol sympy.Matrix
sympy.Poly sympy.Integer sympy.Rational sympy.Float sympy.Eq sympy.Set sympy.combinatorics.Permutation
sympy.combinatorics.PermutationGroup sympy.Point sympy.Line sympy.Circle sympy.Triangle sympy.Polygon
pulp.LpProblem pulp.LpVariable pulp.LpAffineExpression pulp.LpConstraint highspy.Highs
ortools.sat.python.cp_model.CpModel ortools.sat.python.cp_model.CpSolver ortools.sat.python.cp_model.IntVar
ortools.linear_solver.pywraplp.Solver ortools.graph.python.max_flow.SimpleMaxFlow
ortools.graph.python.min_cost_flow.SimpleMinCostFlow ortools.constraint_solver.pywrapcp.RoutingModel
ortools.constraint_solver.pywrapcp.RoutingIndexManager sklearn.linear_model.LinearRegression
sklearn.linear_model.LogisticRegression sklearn.cluster.KMeans sklearn.ensemble.RandomForestClassifier
sklearn.pipeline.Pipeline sklearn.preprocessing.StandardScaler matplotlib.axes.Axes matplotlib.figure.Figure
openpyxl.Workbook openpyxl.worksheet.worksheet.Worksheet PIL.Image.Image
""".split()

_PROMPT = ">>>"
_CONTINUED = "..."


def split_doc(doc: str) -> tuple[str, str]:
    """Return the beginning of a docstring and its examples: the `>>>` lines with what they print."""
    text: list[str] = []
    example: list[str] = []
    inside = False
    for line in inspect.cleandoc(doc).splitlines():
        bare = line.strip()
        if bare.startswith(_PROMPT) or (inside and bare):
            inside = True
            example.append(bare)
        else:
            inside = False
            text.append(line.rstrip())
    return capped("\n".join(_prose(text)), MAX_TEXT), _first_lines(example)


def _prose(lines: list[str]) -> Iterator[str]:
    """Leave out headings, rules, and signatures that stand where a summary should."""
    body = lines[1:] if lines and re.match(r"^[\w.]+\(.*\)(\s*->.*)?$", lines[0]) else lines
    blank = True
    for line in body:
        if re.match(r"^\s*([-=~^]{3,}|\.\. .*|Examples?:?|Parameters|Returns)$", line):
            continue
        if line.strip() or not blank:
            yield line
        blank = not line.strip()


def _first_lines(lines: list[str]) -> str:
    """Keep whole lines; an example cut in the middle of a statement teaches its mistake."""
    kept: list[str] = []
    size = 0
    for line in lines:
        size += len(line) + 1
        if size > MAX_EXAMPLE:
            break
        kept.append(line)
    if len(kept) < len(lines) and lines[len(kept)].startswith(_CONTINUED):
        while kept and not kept.pop().startswith(_PROMPT):
            pass
    return "\n".join(kept)


def capped(text: str, maximum: int) -> str:
    """Cut at the end of a word."""
    text = text.strip()
    if len(text) <= maximum:
        return text
    return text[: maximum - 2].rsplit(None, 1)[0] + " …"


def signature_of(thing: object, name: str, doc: str) -> str:
    """Return the call as a person writes it; the docstring knows it where the interpreter does not."""
    last = name.rpartition(".")[2]
    try:
        # Annotations as they stand in the sources of libraries are longer than the names.
        plain = [
            parameter.replace(annotation=inspect.Parameter.empty)
            for parameter in inspect.signature(thing).parameters.values()  # type: ignore[arg-type]
        ]
        return capped(f"{last}{inspect.Signature(plain)}", MAX_SIGNATURE)
    except (TypeError, ValueError, AttributeError, NameError):
        first = doc.strip().partition("\n")[0]
        return capped(first, MAX_SIGNATURE) if first.startswith(f"{last}(") else ""


def row(thing: object, name: str) -> dict[str, str] | None:
    """Describe one thing; None if it says nothing about itself."""
    try:
        doc = inspect.getdoc(thing) or ""
    except Exception:  # whatever a library does when it is asked
        return None
    if not doc.strip():
        return None
    text, example = split_doc(doc)
    signature = signature_of(thing, name, doc) if callable(thing) else ""
    return {"name": name, "signature": signature, "text": text, "example": example}


def public_names(thing: object) -> list[str]:
    """Return what is meant to be used: `__all__`, or the names without an underscore."""
    listed = getattr(thing, "__all__", None) if isinstance(thing, types.ModuleType) else None
    names = listed if isinstance(listed, list | tuple) else dir(thing)
    return [name for name in names if isinstance(name, str) and not name.startswith("_")]


def belongs(thing: object, module: str) -> bool:
    """Whether a thing is of the module's own library; others import half of the standard library."""
    home = getattr(thing, "__module__", None)
    return not isinstance(home, str) or home.partition(".")[0].lstrip("_") == module.partition(".")[0]


def members(holder: object, prefix: str) -> Iterator[tuple[str, object]]:
    """Yield the public members of a module or class by their full names, but no modules."""
    for name in public_names(holder):
        try:
            thing = getattr(holder, name)
        except Exception:  # noqa: S112 (a lazy import or a descriptor may do anything; then it is not there)
            continue
        if not isinstance(thing, types.ModuleType):
            yield f"{prefix}{name}", thing


def of_module(name: str, *, methods: bool) -> Iterator[tuple[str, object]]:
    """Yield a module, what it offers, and the methods of its classes if they are wanted."""
    module = importlib.import_module(name)
    prefix = "" if name == "builtins" else f"{name}."
    yield name, module
    for full, thing in members(module, prefix):
        described = callable(thing) or isinstance(thing, type)
        if not described or not (methods or belongs(thing, name)):
            continue
        yield full, thing
        # `bool` has only what `int` has.
        if methods and isinstance(thing, type) and not issubclass(thing, BaseException | bool):
            yield from _methods(thing, full)


def _methods(kind: type, name: str) -> Iterator[tuple[str, object]]:
    for full, method in members(kind, f"{name}."):
        if callable(method) or isinstance(method, property) or inspect.isdatadescriptor(method):
            yield full, method


def of_class(name: str) -> Iterator[tuple[str, object]]:
    """Yield the methods of a class that is named by module and class."""
    parts = name.split(".")
    for depth in range(len(parts) - 1, 0, -1):
        try:
            thing: object = importlib.import_module(".".join(parts[:depth]))
        except ImportError:
            continue
        for part in parts[depth:]:
            thing = getattr(thing, part)
        if isinstance(thing, type):
            yield from _methods(thing, name.replace("core.groupby.", ""))
        return


def everything() -> Iterator[tuple[str, object]]:
    """Yield all there is to describe; a library that cannot be imported costs only itself."""
    for name in STANDARD:
        yield from _attempted(of_module(name, methods=True))
    for name in CLASSES:
        yield from _attempted(of_class(name))
    for name in LIBRARIES:
        yield from _attempted(of_module(name, methods=False))


def _attempted(things: Iterator[tuple[str, object]]) -> Iterator[tuple[str, object]]:
    try:
        yield from things
    except Exception as error:  # code of third parties
        print(f"left out: {type(error).__name__}: {error}", file=sys.stderr)


def write_rows(file: TextIO) -> int:
    """Write everything under its first name in each library and return how many rows that were.

    Methods are written for each class that has them: an error names the class that a program used.
    """
    kept: dict[tuple[str, int], object] = {}  # as long as they live, no other thing has their ids
    names: set[str] = set()
    for name, thing in everything():
        holder = name.rpartition(".")[0] if is_method(thing) else name.partition(".")[0]
        if name in names or (holder, id(thing)) in kept:
            continue
        if len(names) >= MAX_ROWS:
            break
        found = row(thing, name)
        if found is not None:
            kept[holder, id(thing)] = thing
            names.add(name)
            file.write(json.dumps(found) + "\n")
    return len(names)


def is_method(thing: object) -> bool:
    """Whether a thing is of a class, which its qualified name says, or its being a property."""
    return not callable(thing) or "." in getattr(thing, "__qualname__", "")


def versions() -> dict[str, str]:
    """Return the versions of what was imported."""
    found = {"python": sys.version.partition(" ")[0]}
    for name in sorted({name.partition(".")[0] for name in LIBRARIES}):
        version = getattr(sys.modules.get(name), "__version__", None)
        if isinstance(version, str):
            found[name] = version
    return found


def main() -> None:
    """Write both files, and print how many rows there are."""
    warnings.simplefilter("ignore")
    os.environ["MPLBACKEND"] = "agg"
    with open(DOCUMENTS, "w", encoding="utf-8") as file:
        count = write_rows(file)
    with open(VERSIONS, "w", encoding="utf-8") as file:
        json.dump(versions(), file)
    print(count)


if __name__ == "__main__":
    main()

"""Build the guest environments and fetch the tools that runs need.

Builds what is missing and leaves the rest alone: a second call is quick, and an interrupted one is taken
up again. Needs the package indexes once; everything works offline afterwards.
"""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._set_up import Wanted


def configure(parser: ArgumentParser) -> None:
    """Add the options of `isorun setup`."""
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="environment to build beside `base`, such as `data` with NumPy and pandas; default: none",
    )
    parser.add_argument(
        "--npm",
        nargs="*",
        action="extend",
        metavar="PACKAGE",
        help="npm packages for JavaScript and TypeScript, such as `lodash-es@4`, beside earlier ones; "
        "without any, say which there are",
    )
    parser.add_argument(
        "--pyodide",
        nargs="*",
        action="extend",
        metavar="PACKAGE",
        help="Pyodide, and packages for it, such as `numpy`, beside those of earlier calls",
    )
    parser.add_argument(
        "--pyodide-from",
        metavar="FOLDER",
        help="take Pyodide's files and packages from this folder, not from the network",
    )
    parser.add_argument(
        "--wasm",
        nargs="*",
        action="extend",
        choices=["c", "rust"],
        metavar="COMPILER",
        help="WebAssembly, with the compiler `c` for C and C++ (the default), `rust`, or both",
    )
    parser.add_argument(
        "--image",
        nargs="*",
        action="extend",
        metavar="IMAGE",
        help="images for the Docker tier, such as `python`, `node` or `go`; without any, say which there are",
    )
    parser.add_argument(
        "--documents",
        action="store_true",
        help="an index of what the libraries of `data` say about themselves, for agents; builds `data`",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list of the environments when done")


def run(arguments: Namespace) -> int:
    """Build, with progress on stderr."""
    # Late: environments need msgspec, and `isorun --help` must not load it.
    from ._environments import show
    from ._set_up import set_up

    set_up(wanted(arguments))
    if arguments.json:
        show(as_json=True)
    return 0


def wanted(arguments: Namespace) -> "Wanted":
    """Return what to have when done; a folder to take Pyodide from says that it is wanted."""
    from ._set_up import Wanted

    pyodide = arguments.pyodide
    if pyodide is None and arguments.pyodide_from is not None:
        pyodide = []
    wasm = ["c"] if arguments.wasm == [] else arguments.wasm
    return Wanted(
        arguments.names,
        arguments.npm,
        pyodide,
        arguments.pyodide_from,
        wasm,
        arguments.image,
        arguments.documents,
    )

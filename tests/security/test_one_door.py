"""What the sources must not contain: a second way to start code, and formats that execute when read."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGES = ("engine", "runtimes", "policies", "agent")
#: What runs inside of a sandbox; nobody on the host imports it.
GUESTS = ("runtimes/guest/", "agent/guest/try_edits.py")
#: The one place on the host, the warden that it starts, the code that runs inside of a jail, and the one
#: module that uses the library which starts the docker command, when images are made and listed.
STARTERS = ("engine/_process.py", "engine/warden/", *GUESTS, "runtimes/docker/_client.py")
_STARTS = {
    "os": ("system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp", "startfile"),
    "pty": ("spawn", "fork"),
    "anyio": ("open_process", "run_process"),
    "trio": ("run_process",),
}
_STARTING_MODULES = {
    "subprocess",
    "multiprocessing",
    "pexpect",
    "sh",
    "commands",
    "_posixsubprocess",
    "python_on_whales",
}
_STARTING_PREFIXES = ("exec", "spawn")
#: Reading these can run code or write outside of a folder.
_EXECUTING_FORMATS = {"pickle", "cPickle", "shelve", "dill", "cloudpickle", "tarfile", "zipfile", "yaml"}
_EVALUATORS = {"eval", "exec", "compile", "__import__"}


def sources(repository: Path) -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((repository / package).rglob("*.py")):
            yield str(path.relative_to(repository)), ast.parse(path.read_text("utf-8"))


def imported(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found


def starts(tree: ast.Module) -> Iterator[str]:
    yield from imported(tree) & _STARTING_MODULES
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in _STARTS:
            yield from (alias.name for alias in node.names if _is_start(node.module, alias.name))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in _STARTS:
            if _is_start(node.value.id, node.attr):
                yield f"{node.value.id}.{node.attr}"


def _is_start(module: str, name: str) -> bool:
    return name in _STARTS[module] or (module == "os" and name.startswith(_STARTING_PREFIXES))


@pytest.mark.rows(49)
def test_only_the_named_places_start_processes(repository: Path) -> None:
    found = {
        path: sorted(starts(tree))
        for path, tree in sources(repository)
        if not path.startswith(STARTERS) and any(starts(tree))
    }

    assert found == {}


@pytest.mark.rows(49)
@pytest.mark.parametrize(
    "text",
    [
        "import subprocess",
        "from python_on_whales import DockerClient",
        "from subprocess import run",
        "import os\nos.execv('/bin/sh', [])",
        "from os import posix_spawn",
        "import anyio\nasync def f(): await anyio.run_process(['x'])",
        "import os\nos.fork()",
    ],
)
def test_search_finds_every_door(text: str) -> None:
    assert list(starts(ast.parse(text)))


@pytest.mark.rows(38, 42)
def test_nothing_on_the_host_reads_formats_that_execute(repository: Path) -> None:
    found = {
        path: imported(tree) & _EXECUTING_FORMATS
        for path, tree in sources(repository)
        if imported(tree) & _EXECUTING_FORMATS
    }

    assert found == {}


@pytest.mark.rows(38)
def test_marshal_goes_into_the_jail_and_never_comes_out(repository: Path) -> None:
    """Decoding it crashes or executes; only the guest decodes, before it has run anything."""
    users = {path for path, tree in sources(repository) if "marshal" in imported(tree)}
    loads = {path for path in users if "marshal.load" in (repository / path).read_text("utf-8")}

    assert users == {"runtimes/jails/_request.py", "runtimes/guest/runner.py"}
    assert loads == {"runtimes/guest/runner.py"}


@pytest.mark.rows(47, 49)
def test_one_module_talks_to_a_daemon_and_the_warden_only_ends_containers(repository: Path) -> None:
    speaking = {path for path, tree in sources(repository) if imported(tree) & {"httpx", "httpcore", "http"}}
    named = {
        path for path, _ in sources(repository) if '"/containers' in (repository / path).read_text("utf-8")
    }
    warden = (repository / "engine/warden/container.py").read_text("utf-8")
    # These two fetch models, and ask one that the user has named; they speak to no daemon.
    models = {"agent/models/_download.py", "agent/models/_endpoint.py"}
    connecting = {"runtimes/docker/_socket.py"}  # it knows nothing of what it carries

    assert speaking == {"runtimes/docker/_daemon.py", "engine/warden/container.py"} | connecting | models
    assert named <= speaking - connecting
    assert "/create" not in warden
    assert "/start" not in warden


@pytest.mark.rows(49)
def test_nothing_on_the_host_evaluates_text(repository: Path) -> None:
    found = {
        f"{path}:{node.lineno}"
        for path, tree in sources(repository)
        if not path.startswith(GUESTS)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _EVALUATORS
    }

    assert found == set()


@pytest.mark.rows(49)
def test_no_command_line_goes_through_a_shell(repository: Path) -> None:
    found = [
        f"{path}:{node.value.lineno}"
        for path, tree in sources(repository)
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "shell"
    ]

    assert found == []


@pytest.mark.rows(49)
def test_nobody_on_the_host_imports_the_search_for_edits(repository: Path) -> None:
    """It forks and evaluates, in a sandbox; here it is a file that is read."""
    importing = {
        path
        for path, tree in sources(repository)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom) and "try_edits" in ast.unparse(node)
    }

    assert importing == set()

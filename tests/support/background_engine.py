"""A background engine in a process of its own, whose programs do not end, so that tests can kill it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio

ROOT = Path(__file__).resolve().parent.parent.parent


@contextmanager
def background_engine() -> Iterator[subprocess.Popen[bytes]]:
    """Start one where the clients of this test look for it; it listens when this has returned."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from tests.support.background_engine import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", code], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"listens\n"
        yield process
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


def main() -> None:
    """Be the process; an engine of the person who tests is in none of its folders."""
    from engine import _control_folder

    folder = os.environ["XDG_RUNTIME_DIR"]
    _control_folder._RUN, tempfile.tempdir = Path(folder), folder
    anyio.run(_serve)


async def _serve() -> None:
    from engine import Engine, EngineConfig
    from engine.background._listener import listening
    from engine.background._service import serve
    from engine.testing import FakeRuntime, hangs

    with listening() as listener:
        async with Engine(EngineConfig(), runtimes=[FakeRuntime(behaviour=hangs)]) as engine:
            print("listens", flush=True)
            await serve(listener, engine)

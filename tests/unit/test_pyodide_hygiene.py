"""What sandboxes from one snapshot must not share, and what a program must not be able to do."""

import pytest

from tests.support.pyodide_guest import run, value, waiting

pytestmark = pytest.mark.slow

_DRAW = """
import os, random, secrets, tempfile, uuid
[random.random(), random.Random().random(), os.urandom(8).hex(), secrets.token_hex(8), str(uuid.uuid4()),
 tempfile.mkdtemp()]
"""


def test_no_random_stream_is_the_same_in_two_sandboxes() -> None:
    first, second = value(_DRAW), value(_DRAW)

    assert [one for one, other in zip(first, second, strict=True) if one == other] == []


def test_time_is_that_of_the_run() -> None:
    with waiting() as guest:
        started = guest.run("import time\ntime.time()").report["value"]
    with waiting() as guest:
        later = guest.run("import time\ntime.time()").report["value"]

    assert later > started


@pytest.mark.parametrize(
    "call",
    [
        "Deno.dlopen('libc.so.6', {})",
        "Deno.UnsafePointer.create(1n)",
        "Deno.env.get('HOME')",
        "Deno.osRelease()",
        "Deno.readTextFileSync('/etc/passwd')",
        "Deno.readDirSync('{distribution}')",
        "Deno.writeTextFileSync('/tmp/not-mine', '')",
        "new Deno.Command('/bin/ls').outputSync()",
        "Deno.kill(1, 'SIGTERM')",
        "Deno.listen({ port: 0 })",
    ],
)
def test_bridge_to_javascript_gives_nothing(call: str) -> None:
    from tests.support.pyodide_guest import pyodide

    code = f"import js\njs.eval({call.replace('{distribution}', str(pyodide().folder))!r})"

    ended = run(code)

    assert ended.status == 1
    assert "NotCapable" in ended.report["error"]["message"]


@pytest.mark.parametrize("name", ["ffi", "env", "net", "run", "sys", "read", "write", "import"])
def test_permission_cannot_be_had_again(name: str) -> None:
    code = f"import js\njs.eval(\"Deno.permissions.requestSync({{name: '{name}'}}).state\")"

    assert value(code) == "denied"


def test_program_runs_without_the_permission_to_map() -> None:
    with waiting(ffi=False) as guest:
        assert guest.run("sum(range(10))").report["value"] == 45


def test_name_of_the_report_pipe_is_gone() -> None:
    with waiting() as guest:
        assert not (guest.box / "report").exists()

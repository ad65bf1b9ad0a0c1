"""A process that waits for its program leaves nothing of its own to it."""

import os

import pytest

from tests.support.deno_guest import GUEST_JS, printed, run, value, waiting


@pytest.mark.parametrize("language", ["javascript", "typescript"])
def test_waiting_process_is_quiet_and_has_no_file_in_its_box(language: str) -> None:
    with waiting(language) as guest:
        left = [str(path.relative_to(guest.box)) for path in guest.box.rglob("*")]

        assert sorted(left) == ["tmp", "work"]


def test_waiting_process_ends_when_it_gets_no_program() -> None:
    with waiting() as guest:
        stdout, stderr = guest.process.communicate(timeout=10)

        assert (guest.process.returncode, stdout, stderr) == (0, b"", b"")


def test_request_that_ends_early_runs_nothing() -> None:
    with waiting() as guest:
        stdout, stderr = guest.process.communicate(b"\x00\x00\x00\xff{", timeout=10)

        assert (guest.process.returncode, stdout, stderr) == (0, b"", b"")


@pytest.mark.parametrize("language", ["javascript", "typescript"])
def test_environment_holds_nothing_of_the_engine(language: str) -> None:
    environment = value("Deno.env.toObject()", language, env={"MINE": "1"})

    assert environment == {"HOME": "/box/work", "PATH": "/usr/bin:/bin", "MINE": "1"}


def test_environment_of_node_holds_nothing_of_the_engine() -> None:
    assert value("({ ...process.env })") == {"HOME": "/box/work", "PATH": "/usr/bin:/bin"}


def test_variables_of_the_run_may_be_called_like_those_of_the_engine() -> None:
    assert value("Deno.env.get('DENO_DIR')", env={"DENO_DIR": "mine"}) == "mine"


@pytest.mark.parametrize("language", ["javascript", "typescript"])
def test_globals_are_those_of_deno(language: str) -> None:
    with_node = (
        {"require", "module", "exports", "__filename", "__dirname"} if language == "typescript" else set()
    )
    code = "Object.getOwnPropertyNames(globalThis)"

    bare = set(value(f"{code}.concat('process')", "javascript"))
    found = set(value(code, language))

    assert found - bare - with_node == set()


def test_what_can_be_listed_is_what_deno_lists() -> None:
    assert value("Object.keys(globalThis)") == value("void process\nObject.keys(globalThis)")


def test_program_gets_its_own_arguments_alone() -> None:
    assert value("[Deno.args, process.argv.slice(2), process.execArgv]") == [[], [], []]


def test_stack_has_no_frame_of_the_guest() -> None:
    assert str(GUEST_JS) not in printed("console.log(new Error('shown').stack)")


def test_rehearsals_leave_no_module_behind() -> None:
    ended = run("await import('./rehearsal')")

    assert ended.status == 1


def test_report_pipe_has_no_name() -> None:
    assert value("[...Deno.readDirSync('..')].map(({ name }) => name).sort()") == ["tmp", "work"]


def test_only_the_working_folders_can_be_read_and_written() -> None:
    code = """
const attempt = (act) => { try { act(); return 'done' } catch (error) { return error.name } }
;[
  attempt(() => Deno.writeTextFileSync('a', '')),
  attempt(() => Deno.writeTextFileSync('/box/../a', '')),
  attempt(() => Deno.readTextFileSync('/etc/passwd')),
  attempt(() => Deno.readTextFileSync('/proc/self/environ')),
  attempt(() => new Deno.Command('id').outputSync()),
  attempt(() => Deno.listen({ port: 0 })),
  attempt(() => Deno.dlopen('libc.so.6', {})),
  attempt(() => Deno.hostname()),
]
"""

    done, *refused = value(code)

    assert done == "done"
    assert set(refused) <= {"NotCapable", "done"}


def test_input_files_have_their_mode() -> None:
    assert value("Deno.statSync('deep/a').mode & 0o777", files={"deep/a": "x"}) == 0o600


def test_waiting_process_has_no_file_open() -> None:
    with waiting() as guest:
        opened = {os.readlink(entry.path) for entry in os.scandir(f"/proc/{guest.process.pid}/fd")}

        pipe = f"{guest.box / 'report'} (deleted)"
        assert {name for name in opened if name.startswith("/") and not name.startswith("/dev/")} == {pipe}

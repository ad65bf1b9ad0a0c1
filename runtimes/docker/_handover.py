"""How a program gets into a container that waits: one archive on its standard input.

The container's first command unpacks it and reads the script in it, which runs the program, ends whatever
the program has left behind, and sends the files in the working folder. The script is no boundary: the program
runs as the same user and can do to it what it likes. Its limits are the container's, and what is believed of
its end is what the daemon says.
"""

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence

from engine import Program
from policies import Limits, Policy

from ._tar import Entry, archive

#: The only place in a container that can be written to, beside its shared memory.
TMP = "/tmp"  # noqa: S108  # the container's own
WORK = f"{TMP}/work"
_OWN = ".isorun"
_START = f"{_OWN}/start"
_STDIN = f"{_OWN}/stdin"
#: The container's init, and the supervisor.
OWN_PIDS = 2

READY = b"isorun: ready\n"

# What is asked here would cost time later: whether there is a tar, and whether it can sort and skip holes.
WAIT_SCRIPT = f"""
command -v tar >/dev/null || {{ echo 'there is no tar in the image' >&2; exit 126; }}
case $(tar --version 2>/dev/null) in *GNU*) options='--format=gnu --sort=name --sparse' ;; *) options= ;; esac
umask 077
cd {TMP} && mkdir {WORK} && printf '{READY.decode().strip()}\\n' && tar -xf - && . {TMP}/{_START}
"""

# In braces, so that the shell has read it all before the program can change it. The shell writes the signal
# that ended the program to its own stderr, which is what tells it from an exit code above 128.
_RUN_SCRIPT = """{{
command -v {interpreter} >/dev/null || {{ printf '%s missing %s\\n' {mark} {interpreter}; exit 127; }}
cd {work}
printf '%s begun\\n' {mark}
exec 3>&2 2>{own}/said
( unset OLDPWD HOSTNAME
{exports}
ulimit -c 0; ulimit -s 8192; ulimit -f {file_blocks}; ulimit -n {open_files}; ulimit -t {cpu_seconds}
exec {command} 2>&3 3>&- ) <{stdin}
code=$?
died=0
[ -s {own}/said ] && died=1
kill -9 -1
printf '%s over\n' {mark} >&3
cd {work} && chmod -R u+rwX .
printf '%s ended %s %s %s\\n' {mark} $code $died "$(stat -f -c '%a %d' {tmp})"
tar $options -cf - .
exit $code
}}
"""


def encode(
    program: Program,
    policy: Policy,
    *,
    mark: str,
    file_name: str,
    command: Sequence[str],
    env: Mapping[str, str],
) -> bytes:
    """Encode everything that arrives with a program. Input files must have been loaded.

    Args:
        program: What to run.
        policy: Whose limits and environment variables to apply.
        mark: Begins each line of the supervisor.
        file_name: For the program's text.
        command: What runs it; the path of its file and its arguments follow.
        env: Variables that its language needs.
    """
    own = f"{TMP}/{_OWN}"
    variables = {**_COMMON_VARIABLES, **env, **policy.env, **program.env}
    script = _RUN_SCRIPT.format(
        mark=mark,
        interpreter=shlex.quote(command[0]) if command else ":",
        exports="\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
        command=shlex.join([*command, f"{own}/{file_name}", *program.args]),
        work=WORK,
        tmp=TMP,
        own=own,
        stdin=f"{TMP}/{_STDIN}",
        **_limits(policy.limits),
    )
    code = program.code.encode() if isinstance(program.code, str) else program.code
    entries = [
        Entry(f"{_OWN}/", None, 0o700),
        *_files(program),
        Entry(f"{_OWN}/{file_name}", code, 0o700),
        Entry(_STDIN, program.stdin, 0o600),
        Entry(_START, script.encode("utf-8", "surrogateescape"), 0o600),
    ]
    return b"".join(archive(entries))


def _files(program: Program) -> Iterator[Entry]:
    for file in program.files:
        yield Entry(f"work/{file.name}", file.data or b"", 0o400 if file.read_only else 0o600)


def _limits(limits: Limits) -> dict[str, int]:
    """Return the limits of each process; those of all together are the container's."""
    return {
        # One second later than the count of the whole tree, which is what decides.
        "cpu_seconds": math.ceil(limits.cpu_seconds) + 1,
        "open_files": limits.open_files,
        "file_blocks": limits.disk_mib * 2048,
    }


_COMMON_VARIABLES = {
    "HOME": WORK,
    "TMPDIR": TMP,
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "USER": "guest",
}

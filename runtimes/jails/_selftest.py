"""Prove once per kernel, binary and configuration that the jail contains; refuse to work otherwise.

The probe tries a few attacks from inside. It is not the attack suite (tests/security): it is the canary that
notices a kernel or a host where a defence silently does nothing.
"""

import hashlib
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from engine import EngineError, Program, Result, RuntimeUnavailableError, Sandbox, Template
from policies import Isolation, Limits, Policy

#: Of every probe.
POLICY = Policy(
    limits=Limits(wall_seconds=20, cpu_seconds=10, memory_mib=512, pids=8, disk_mib=4, file_count=64),
    isolation=Isolation(),
)

#: Each check is a name and whether it held. A check that raises did not hold.
PROBE = r"""
import os, socket

def denied(call, *arguments):
    try:
        call(*arguments)
    except OSError:
        return True
    return False

status = dict(line.split(":", 1) for line in open("/proc/self/status"))
capabilities = [status[name].strip() for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")]
visible = {entry for entry in os.listdir("/proc") if entry.isdigit()}
result = {
    "host files are out of sight": not os.path.exists(CANARY) and not os.path.exists("/root"),
    "other processes are out of sight": visible == {str(os.getpid())},
    "no network family": denied(socket.socket, socket.AF_INET, socket.SOCK_STREAM),
    "no capability": set(capabilities) == {"0" * 16},
    "no new privileges": status["NoNewPrivs"].strip() == "1",
    "system calls are filtered": status["Seccomp"].strip() == "2",
    "the root is read-only": denied(open, "/opt/canary", "w") and denied(os.mkdir, "/canary"),
    "no namespace can be made": denied(os.unshare, os.CLONE_NEWUSER),
    "not root": os.getuid() != 0 and os.getgid() != 0,
    "the supervisor is closed": denied(open, "/proc/1/mem", "rb") and denied(os.listdir, "/proc/1/fd"),
    "only the standard descriptors": set(os.listdir("/proc/self/fd")) <= {"0", "1", "2", "3", "4", "5"},
}
"""


type Start = Callable[[Template], Awaitable[Sandbox]]
type MakeTemplate = Callable[[Program, Policy], Template]


async def ensure_proof(
    cache: Path, identity: str, examine: Callable[[], Awaitable[Result]], *, what: str = "jail"
) -> None:
    """Run a probe unless this very combination has passed it since the machine booted.

    Args:
        cache: Keeps the proof.
        identity: Describes everything that the proof depends on, the probe included.
        examine: Runs the probe; the value of its result says for each check whether it held.
        what: Is to be proven, in a word for messages.

    Raises:
        RuntimeUnavailableError: A defence does not hold here, or the jail does not start at all.
    """
    proof = proof_file(cache, identity)
    if proof.exists():
        return
    try:
        result = await examine()
    except EngineError as error:
        raise RuntimeUnavailableError(
            f"no {what} can be started here: {error}", hint=error.hint or _start_hint()
        ) from error
    failed = _failed_checks(result)
    if failed:
        raise RuntimeUnavailableError(
            f"the {what} does not contain here: not true that {'; '.join(failed)}",
            hint="see `isorun doctor`; nothing runs in this tier until it does",
        )
    _write_proof(proof)


async def run_probe(start: Start, template: MakeTemplate, probe: Program) -> Result:
    """Run a probe in a jail of its own; in a text, `CANARY` stands for a path that it must not see.

    Args:
        start: Starts a jail in the way that is to be proven.
        template: Of the runtime.
        probe: Whose value says for each check whether it held.
    """
    with tempfile.NamedTemporaryFile(prefix="isorun-canary-") as canary:
        os.chmod(canary.name, 0o644)
        if isinstance(probe.code, str):
            code = probe.code.replace("CANARY", repr(canary.name))
            probe = msgspec.structs.replace(probe, code=code)
        async with await start(template(probe, POLICY)) as sandbox:
            return await sandbox.run(probe, POLICY, None)


def proof_file(cache: Path, identity: str) -> Path:
    """Return the file that is there if a probe has passed."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    digest = hashlib.sha256(f"{identity}\n{boot}".encode()).hexdigest()
    return cache / "proofs" / digest[:32]


def _write_proof(proof: Path) -> None:
    try:
        proof.parent.mkdir(parents=True, exist_ok=True)
        proof.touch()
    except OSError:
        return  # a cache that cannot be written costs a probe per engine, nothing else


def _failed_checks(result: Result) -> list[str]:
    if not isinstance(result.value, dict):
        return [f"the probe runs ({result.status}: {result.stderr[-300:].strip()})"]
    return [name for name, held in result.value.items() if held is not True]


def _start_hint() -> str:
    restricted = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    if os.geteuid() != 0 and restricted.exists() and restricted.read_text(encoding="ascii").strip() == "1":
        return "AppArmor forbids user namespaces here; `isorun doctor` prints the profile to install"
    return "see `isorun doctor`"

"""Prove once per kernel, binary and configuration that the jail contains; refuse to work otherwise.

The probe tries a few attacks from inside. It is not the attack suite (tests/security): it is the canary that
notices a kernel or a host where a defence silently does nothing.
"""

import hashlib
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from engine import EngineError, Program, RuntimeUnavailableError, Sandbox, Template
from policies import Isolation, Limits, Policy

_POLICY = Policy(
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
    start: Start, template: MakeTemplate, cache: Path, identity: str, probe: str, language: str = "python"
) -> None:
    """Run the probe unless this very combination has passed it since the machine booted.

    Args:
        start: Starts a jail in the way that is to be proven.
        template: Of the runtime.
        cache: Keeps the proof.
        identity: Describes everything that the proof depends on.
        probe: A program whose value says for each check whether it held; `CANARY` is a path it must not see.
        language: Of the probe.

    Raises:
        RuntimeUnavailableError: A defence does not hold here, or the jail does not start at all.
    """
    proof = _proof_file(cache, identity, probe)
    if proof.exists():
        return
    failed = await _failed_checks(start, template, probe, language)
    if failed:
        raise RuntimeUnavailableError(
            f"the jail does not contain here: not true that {'; '.join(failed)}",
            hint="see `isorun doctor`; nothing runs in this tier until it does",
        )
    _write_proof(proof)


def _proof_file(cache: Path, identity: str, probe: str = PROBE) -> Path:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    digest = hashlib.sha256(f"{identity}\n{boot}\n{probe}".encode()).hexdigest()
    return cache / "proofs" / digest[:32]


def _write_proof(proof: Path) -> None:
    try:
        proof.parent.mkdir(parents=True, exist_ok=True)
        proof.touch()
    except OSError:
        return  # a cache that cannot be written costs a probe per engine, nothing else


async def _failed_checks(start: Start, template: MakeTemplate, probe: str, language: str) -> list[str]:
    with tempfile.NamedTemporaryFile(prefix="isorun-canary-") as canary:
        os.chmod(canary.name, 0o644)
        code = probe.replace("CANARY", repr(canary.name))
        program = Program(code=code, language=language)
        try:
            sandbox = await start(template(program, _POLICY))
            try:
                result = await sandbox.run(program, _POLICY, None)
            finally:
                await sandbox.aclose()
        except EngineError as error:
            raise RuntimeUnavailableError(
                f"no jail can be started here: {error}", hint=_start_hint()
            ) from error
    if not isinstance(result.value, dict):
        return [f"the probe runs ({result.status}: {result.stderr[-300:].strip()})"]
    return [name for name, held in result.value.items() if held is not True]


def _start_hint() -> str:
    restricted = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    if os.geteuid() != 0 and restricted.exists() and restricted.read_text(encoding="ascii").strip() == "1":
        return "AppArmor forbids user namespaces here; `isorun doctor` prints the profile to install"
    return "see `isorun doctor`"

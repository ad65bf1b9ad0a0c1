"""What is written to the standard input of a Deno process that waits: a header in JSON, then bytes.

Four bytes of length (big-endian), the header, the program's source, the content of each input file, and then
the program's own standard input. What comes back are frames on the report pipe (`engine/_protocol.py`).
"""

import select

import msgspec

from engine import Program
from policies import Policy
from runtimes.jails import Handover

_encoder = msgspec.json.Encoder()
_LENGTH = 4
#: A pipe takes so much in one piece, whatever else is going on.
_MAX_AHEAD = select.PIPE_BUF
#: File endings by language, for the name of the program in its own error messages.
_ENDINGS = {"javascript": ".js", "typescript": ".ts", "python": ".py"}


def encode(program: Program, policy: Policy, live: bool) -> Handover:
    """Encode everything that arrives with a program. Input files must have been loaded.

    Args:
        program: What to run.
        policy: Whose environment variables to apply, and which may mount something.
        live: Whether somebody watches the output as it comes.
    """
    code = program.code.encode() if isinstance(program.code, str) else program.code
    files = [(file.name, 0o400 if file.read_only else 0o600, len(file.data or b"")) for file in program.files]
    header = _encoder.encode(
        {
            "name": f"main{_ENDINGS[program.language]}",
            "language": program.language,
            "code": len(code),
            "args": program.args,
            "env": {**policy.env, **program.env},
            "live": live,
            "mounts": bool(policy.mounts),
            "files": files,
        }
    )
    contents = (file.data or b"" for file in program.files)
    parts = [len(header).to_bytes(_LENGTH, "big"), header, code, *contents, program.stdin]
    ahead = _LENGTH + len(header)
    return Handover(
        b"", b"".join(parts), begins_in_report=True, ahead=ahead if ahead <= _MAX_AHEAD else _LENGTH
    )

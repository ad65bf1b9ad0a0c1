"""What a Deno process that waits is told, and what of it may come before the limits."""

import json
import select

from engine import File, Program
from policies import Policy
from runtimes.v8._request import encode


def test_header_goes_ahead_and_the_program_follows() -> None:
    files = (File(name="in", data=b"content"),)
    program = Program(code="1 + 1", language="javascript", args=("x",), files=files, stdin=b"typed")

    handover = encode(program, Policy(), False)

    header = json.loads(handover.stdin[4 : handover.ahead])
    assert int.from_bytes(handover.stdin[:4], "big") == handover.ahead - 4
    assert (header["name"], header["code"], header["args"]) == ("main.js", 5, ["x"])
    assert header["files"] == [["in", 0o600, 7]]
    assert handover.stdin[handover.ahead :] == b"1 + 1contenttyped"


def test_header_that_a_pipe_may_not_take_at_once_goes_with_the_program() -> None:
    def ahead(size: int) -> int:
        return encode(Program(code="", language="javascript", args=("x" * size,)), Policy(), False).ahead

    most = select.PIPE_BUF - ahead(0)

    assert ahead(most) == select.PIPE_BUF
    assert ahead(most + 1) == 4

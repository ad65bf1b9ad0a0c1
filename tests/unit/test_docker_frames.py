"""The two layers of a container's streams: the daemon's frames, and the supervisor's lines between output."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtimes.docker._frames import ON_STDERR, Dialogue, Frames, Word

examples = settings(deadline=None, database=None, max_examples=200)
MARK = b"isorun-0123456789abcdef "


def frame(stream: int, data: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=60))), st.integers(1, 50))
@examples
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    pieces: list[tuple[int, bytes]], step: int
) -> None:
    data = b"".join(frame(*piece) for piece in pieces)
    frames, found = Frames(), {"stdout": b"", "stderr": b""}
    for at in range(0, len(data), step):
        for stream, piece in frames.feed(data[at : at + step]):
            found[stream] += piece

    assert found["stdout"] == b"".join(data for stream, data in pieces if stream == 1)
    assert found["stderr"] == b"".join(data for stream, data in pieces if stream == 2)


class Heard:
    """A dialogue, and what came of it."""

    def __init__(self, turns: dict[str, tuple[str, ...]] | None = None) -> None:
        self.words: list[Word] = []
        self._printed: list[bytes] = []
        self.archive = b""
        more = {} if turns is None else {"turns": turns}
        self.dialogue = Dialogue(MARK, self.words.append, self._print, self._keep, **more)

    def _print(self, data: bytes) -> None:
        self._printed.append(data)

    @property
    def output(self) -> bytes:
        return b"".join(self._printed)

    def _keep(self, data: bytes) -> None:
        self.archive += data

    def hear(self, data: bytes, step: int = 1 << 20) -> "Heard":
        for at in range(0, len(data), step):
            self.dialogue.feed(data[at : at + step])
        self.dialogue.end()
        return self


BEGUN, ENDED = MARK + b"begun\n", MARK + b"ended 3 0 17 18\n"


@given(st.binary(max_size=200), st.binary(max_size=50), st.integers(1, 40))
@examples
def test_output_is_what_lies_between_the_lines_however_it_is_cut(
    output: bytes, tail: bytes, step: int
) -> None:
    heard = Heard().hear(BEGUN + output + ENDED + tail, step)

    assert heard.words == [Word("begun", ()), Word("ended", ("3", "0", "17", "18"))]
    assert (heard.output, heard.archive) == (output, tail)


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
@pytest.mark.parametrize("cut", range(1, len(MARK) + 5))
def test_part_of_a_line_at_the_end_is_output(cut: int, step: int) -> None:
    heard = Heard().hear(BEGUN + b"text" + ENDED[:cut], step)

    assert heard.output == b"text" + ENDED[:cut]


@pytest.mark.parametrize(
    "forged",
    [MARK + b"begun\n", MARK + b"missing python3\n", MARK + b"\n", MARK + b"over\n", MARK + b"x" * 2000],
)
def test_line_that_the_supervisor_would_not_say_now_is_output(forged: bytes) -> None:
    heard = Heard().hear(BEGUN + forged + b"after" + ENDED)

    assert heard.output == forged + b"after"
    assert [word.kind for word in heard.words] == ["begun", "ended"]


def test_program_that_never_begins_is_said() -> None:
    heard = Heard().hear(MARK + b"missing ruby\n")

    assert heard.words == [Word("missing", ("ruby",))]


def test_nothing_is_said_again_behind_the_end() -> None:
    heard = Heard().hear(BEGUN + ENDED + ENDED + BEGUN)

    assert len(heard.words) == 2
    assert heard.archive == ENDED + BEGUN


def test_flood_of_marks_is_output_and_takes_linear_time() -> None:
    flood = (MARK + b"begun\n") * 100_000
    heard = Heard().hear(BEGUN + flood, 1 << 16)

    assert len(heard.output) == len(flood)


def test_stderr_has_one_line_at_its_end() -> None:
    heard = Heard(ON_STDERR).hear(b"error" + MARK + b"over\n" + b"late")

    assert (heard.output, heard.words) == (b"errorlate", [Word("over", ())])

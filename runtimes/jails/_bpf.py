"""The system call policy as a program of classic BPF, for processes that install their own filter.

The program looks up a call by binary search over ranges of numbers with one answer each. It is built from its
end to its start: a jump only goes forward, so its target is known when it is added.
"""

import struct
from typing import NamedTuple

from ._seccomp import ALLOWED, CONDITIONS, DEADLY, DEADLY_NUMBERS, DEFAULT_ERRNO, REFUSED, Condition
from ._syscalls import SYSCALL_NUMBERS

#: What the kernel calls each machine: AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64. Both are little-endian.
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# Offsets in `struct seccomp_data`. The arguments start at 16, eight bytes each, the lower half first.
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16

_LOAD, _RETURN = 0x20, 0x06
_IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT = 0x15, 0x35, 0x45

_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_DEFAULT = _ERRNO | DEFAULT_ERRNO


class _Guard(NamedTuple):
    """Allows a call that meets the rule, and refuses it otherwise."""

    rule: Condition
    refusal: int


#: What the filter returns for a call, or what it has to look at first.
type _Answer = int | _Guard


def bpf_filter(machine: str) -> bytes:
    """Return the policy for a machine such as `x86_64` as an array of `struct sock_filter`.

    A call by another architecture's entry (the 32-bit one) kills the process. A call of the x32 interface
    carries a bit in its number that puts it beyond all that are known, so it is refused.

    Raises:
        ValueError: The machine's system call numbers are not known.
    """
    if machine not in _ARCHITECTURES:
        known = ", ".join(f"`{name}`" for name in _ARCHITECTURES)
        raise ValueError(f"no system call filter for the machine `{machine}`: those known are {known}")
    program = _Program()
    killed = program.answer(_KILL_PROCESS)
    program.search(_ranges(_answers(machine)))
    looked_up = program.load(_NUMBER)
    program.jump(_IF_EQUAL, _ARCHITECTURES[machine], looked_up, killed)
    program.load(_ARCHITECTURE)
    return program.code()


def _answers(machine: str) -> dict[int, _Answer]:
    """Return the answer to each call that is not left to the default, by number."""
    refusals = {call: _ERRNO | errno for errno, calls in REFUSED.items() for call in calls}
    answers: dict[str, _Answer] = {
        **dict.fromkeys(DEADLY, _KILL_PROCESS),
        **dict.fromkeys(ALLOWED, _ALLOW),
        **refusals,
        **{rule.call: _Guard(rule, refusals[rule.call]) for rule in CONDITIONS},
    }
    numbers = SYSCALL_NUMBERS[machine]
    deadly = dict.fromkeys(DEADLY_NUMBERS.get(machine, ()), _KILL_PROCESS)
    return {**deadly, **{numbers[call]: answer for call, answer in answers.items() if call in numbers}}


def _ranges(answers: dict[int, _Answer]) -> list[tuple[int, _Answer]]:
    """Return the first number of each range of calls with one answer; the last range has no end."""
    ranges = [(0, answers.get(0, _DEFAULT))]
    for number in range(1, max(answers) + 2):
        answer = answers.get(number, _DEFAULT)
        if answer != ranges[-1][1]:
            ranges.append((number, answer))
    return ranges


class _Program:
    """Instructions from the last to the first; each is known by its distance from the end."""

    def __init__(self) -> None:
        self._reversed: list[bytes] = []
        self._answers: dict[int, int] = {}

    def code(self) -> bytes:
        """Return the instructions in the order in which they run."""
        return b"".join(reversed(self._reversed))

    def answer(self, value: int) -> int:
        """Return where the program ends with this value."""
        if value not in self._answers:
            self._answers[value] = self._add(_RETURN, value)
        return self._answers[value]

    def load(self, offset: int) -> int:
        """Load four bytes of the call's data, then go on with the instruction added before."""
        return self._add(_LOAD, offset)

    def jump(self, test: int, value: int, then: int, otherwise: int) -> int:
        """Go to one of two places, as the loaded value and this one compare."""
        here = len(self._reversed)
        return self._add(test, value, here - then - 1, here - otherwise - 1)

    def search(self, ranges: list[tuple[int, _Answer]]) -> int:
        """Look for the range of the loaded number, by halves."""
        if len(ranges) == 1:
            answer = ranges[0][1]
            return self.guard(answer) if isinstance(answer, _Guard) else self.answer(answer)
        middle = len(ranges) // 2
        upper, lower = self.search(ranges[middle:]), self.search(ranges[:middle])
        return self.jump(_IF_AT_LEAST, ranges[middle][0], upper, lower)

    def guard(self, guard: _Guard) -> int:
        """Look at an argument: at its lower half, and for `in` at the upper one too."""
        rule, refused, allowed = guard.rule, self.answer(guard.refusal), self.answer(_ALLOW)
        hit, place = (allowed, refused) if rule.test == "in" else (refused, allowed)
        compare = _IF_ANY_BIT if rule.test == "without bits" else _IF_EQUAL
        lower_half = _ARGUMENTS + 8 * (len(rule.arguments) - 1)
        for value in reversed(rule.values):
            place = self.jump(compare, value, hit, place)
        place = self.load(lower_half)
        if rule.test == "in":
            self.jump(_IF_EQUAL, 0, place, refused)
            place = self.load(lower_half + 4)
        return place

    def _add(self, operation: int, value: int, then: int = 0, otherwise: int = 0) -> int:
        # A jump is stored in a byte: `pack` refuses one that the policy has made too long.
        self._reversed.append(struct.pack("<HBBI", operation, then, otherwise, value))
        return len(self._reversed) - 1

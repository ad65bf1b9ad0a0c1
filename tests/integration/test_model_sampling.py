"""What the process of a model computes beside the model: its choices, and what it hears meanwhile.

NumPy and llama.cpp are not in our own Python, so each test asks another one.
"""

import pytest

from tests.support.models import ModelParts, model_parts

pytestmark = [pytest.mark.model, pytest.mark.slow]

SAMPLING = """
import numpy as np
from worker.sampling import avoiding, is_endless, next_of, picker, probabilities
logits = np.arange(100, dtype=np.float32) / 10
"""


@pytest.fixture(scope="module")
def parts() -> ModelParts:
    """Where the library lies."""
    return model_parts()


def test_likeliest_token_is_taken_at_temperature_zero(parts: ModelParts) -> None:
    assert parts.computed(f"{SAMPLING}\nresult = picker(0, 1)(logits)") == 99


def test_seed_decides_above_and_the_tail_is_never_taken(parts: ModelParts) -> None:
    code = f"""{SAMPLING}
def drawn(seed, temperature=1.0):
    pick = picker(temperature, seed)
    return [pick(logits) for _ in range(200)]
result = [drawn(1) == drawn(1), drawn(1) == drawn(2), drawn(-1) == drawn(-1), drawn(2**64 - 1) == drawn(-1),
          min(drawn(3, 100.0)) >= 60, len(set(drawn(4))) > 5, set(drawn(5, 0.001)) == {{99}}]
"""
    assert parts.computed(code) == [True, False, True, True, True, True, True]


def test_choice_never_begins_with_what_is_avoided(parts: ModelParts) -> None:
    code = f"""{SAMPLING}
def taken(avoided):
    pick = avoiding(picker(0, 0), avoided)
    return [pick(logits) for _ in range(3)]
result = [taken([99]), taken([99, 99]), taken([99, 99, 99]), taken([5, 99]), float(logits[99]) > 9]
"""
    once, second, third = [98, 99, 99], [99, 98, 99], [99, 99, 98]

    assert parts.computed(code) == [once, second, third, [99, 99, 99], True]


def test_words_are_grouped_by_what_comes_next(parts: ModelParts) -> None:
    code = f"""{SAMPLING}
words = [[1, 2], [1, 3], [4], [1]]
result = [sorted(next_of(words, begun).items()) for begun in ([], [1], [4], [9])]
"""
    other = -1  # the word is complete

    assert parts.computed(code) == [
        [[1, [0, 1, 3]], [4, [2]]],
        [[other, [3]], [2, [0]], [3, [1]]],
        [[other, [2]]],
        [],
    ]


def test_probabilities_are_among_the_tokens_asked_for(parts: ModelParts) -> None:
    code = f"""{SAMPLING}
likely = probabilities(np.array([0.0, 1000.0, 1000.0, -1000.0], dtype=np.float32), [1, 2, 3])
result = [round(likely[token], 6) for token in (1, 2, 3)]
"""
    assert parts.computed(code) == [0.5, 0.5, 0.0]


def test_all_other_tokens_together_can_be_likelier_than_one(parts: ModelParts) -> None:
    code = f"""{SAMPLING}
likely = probabilities(np.zeros(100, dtype=np.float32), [-1, 7])
result = [round(likely[token], 6) for token in (-1, 7)]
"""
    assert parts.computed(code) == [0.99, 0.01]


def test_endless_repetition_is_one_pattern_for_eighty_tokens_and_six_times(parts: ModelParts) -> None:
    code = f"""{SAMPLING}
other = list(range(1000, 1100))
result = {{
    "80 of one": is_endless(other + [1] * 80),
    "79 of one": is_endless(other + [1] * 79),
    "40 of two": is_endless(other + [1, 2] * 40),
    "6 of 64": is_endless(other + list(range(64)) * 6),
    "5 of 64": is_endless(other + list(range(64)) * 5),
    "6 of 65": is_endless(other + list(range(65)) * 6),
    "rows": is_endless([token for row in range(50) for token in (1, 2, 3, 1000 + row)]),
    "nothing": is_endless([]),
}}
"""
    endless = {"80 of one": True, "79 of one": False, "40 of two": True, "6 of 64": True, "5 of 64": False}

    assert parts.computed(code) == endless | {"6 of 65": False, "rows": False, "nothing": False}


def test_cancelled_request_is_not_wanted_and_others_are(parts: ModelParts) -> None:
    code = """
import json, socket
from worker.main import Server
ours, theirs = socket.socketpair()
server = Server(theirs)
def say(**message):
    data = json.dumps(message).encode()
    ours.sendall(len(data).to_bytes(4, "big") + data)
result = [server._is_wanted(1)]
say(kind="cancel", number=1)
result += [server._is_wanted(1), server._is_wanted(1), server._is_wanted(2)]
ours.close()
result += [server._is_wanted(2)]
"""
    assert parts.computed(code) == [True, False, False, True, False]


def test_process_works_with_a_descriptor_beyond_a_thousand(parts: ModelParts) -> None:
    code = """
import os, resource, socket
from worker.main import Server
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
ours, theirs = socket.socketpair()
os.dup2(theirs.fileno(), 1500)
result = Server(socket.socket(fileno=1500))._is_wanted(1)
"""
    assert parts.computed(code) is True

"""What the function in `slip.py` should do, as pytest would test it.

    isorun agent --fix examples/slip.py --tests examples/slip_tests.py

Without `--fix` and with a question a model writes the function.
"""

from slip import largest_gap


def test_gap_is_the_largest_one():
    assert largest_gap([1, 9, 4]) == 5


def test_two_numbers_have_one_gap():
    assert largest_gap([10, 0]) == 10

"""What the function in `slip.py` should do.

isorun agent --fix examples/slip.py --tests examples/slip_tests.py
"""

from slip import largest_gap


def test_gap_is_the_largest_one():
    assert largest_gap([1, 9, 4]) == 5


def test_two_numbers_have_one_gap():
    assert largest_gap([10, 0]) == 10

"""A function with a slip in it, which the tests beside it find, and a small edit mends.

    isorun agent --fix examples/slip.py --tests examples/slip_tests.py

Needs no model.
"""


def largest_gap(numbers):
    """Return the largest difference between neighbours in sorted order."""
    numbers = sorted(numbers)
    gap = 0
    for i in range(len(numbers) - 2):
        gap = max(gap, numbers[i + 1] - numbers[i])
    return gap

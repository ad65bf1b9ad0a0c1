"""Digits of pi by Machin's formula, with a line of progress while it works: standard library only.

    isorun run --isolation docker examples/pi.py --timeout 3600 --output output/pi -- 10000

Leaves the digits in `pi.txt`.
"""

import sys


def arctan_of_inverse(x: int, unity: int) -> int:
    """Return unity * arctan(1/x), by its power series."""
    power = total = unity // x
    divisor = 1
    while power:
        power //= -x * x
        divisor += 2
        total += power // divisor
    return total


def pi(digits: int) -> str:
    """Return pi with as many digits after the point."""
    unity = 10 ** (digits + 10)
    value = 4 * (4 * arctan_of_inverse(5, unity) - arctan_of_inverse(239, unity)) // 10**10
    return f"3.{str(value)[1:]}"


wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
digits, text = 10, ""
while digits < wanted:
    digits = min(digits * 10, wanted)
    text = pi(digits)
    print(f"{digits} digits, ending in {text[-5:]}", flush=True)
with open("pi.txt", "w") as file:
    file.write(text)

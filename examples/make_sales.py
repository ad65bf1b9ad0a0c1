"""Write a year of made-up sales as CSV: the input of `sales.py`.

    python examples/make_sales.py output/sales.csv

The same file every time. As in real exports, a few rows come twice and a few have no price.
"""

import csv
import datetime
import math
import random
import sys
from pathlib import Path

YEAR = 2025
#: Product -> price, and the month (1 to 12) in which it sells best; 0 for all year round.
PRODUCTS = {
    "Bicycle": (640.0, 6),
    "Helmet": (58.0, 6),
    "Lights": (34.0, 11),
    "Rain cape": (72.0, 10),
    "Lock": (45.0, 0),
}
#: Region -> orders per day at the start of the year, and growth over the year.
REGIONS = {"North": (5.0, 1.10), "South": (4.0, 1.45), "East": (3.0, 1.00), "West": (3.5, 0.80)}
COLUMNS = ("order", "date", "region", "product", "units", "unit_price", "discount")


def season(day: datetime.date, best_month: int) -> float:
    """Return how strongly a product sells on a day; 1 is its average."""
    if best_month == 0:
        return 1.0
    return 1.0 + 0.5 * math.cos(2 * math.pi * (day.month - best_month) / 12)


def orders(generator: random.Random) -> list[list[object]]:
    """Return the rows of the year, in order of date."""
    rows: list[list[object]] = []
    for number in range(365):
        day = datetime.date(YEAR, 1, 1) + datetime.timedelta(days=number)
        for region, (per_day, growth) in REGIONS.items():
            expected = per_day * (1 + (growth - 1) * number / 364)
            count = round(generator.gauss(expected, 1.2))
            rows += [order(generator, day, region) for _ in range(count)]
    return [[1000 + number, *row] for number, row in enumerate(rows)]


def order(generator: random.Random, day: datetime.date, region: str) -> list[object]:
    """Return one row, without its number."""
    weights = [season(day, best_month) for _, best_month in PRODUCTS.values()]
    product = generator.choices(list(PRODUCTS), weights)[0]
    price, _ = PRODUCTS[product]
    units = 1 if price > 500 else generator.choice((1, 1, 2, 3))
    discount = generator.choice((0, 0, 0, 0.05, 0.1))
    paid: float | str = "" if generator.random() < 0.01 else price
    return [day.isoformat(), region, product, units, paid, discount]


def main() -> None:
    """Write the file that the command line names."""
    if len(sys.argv) != 2:
        sys.exit("usage: make_sales.py FILE")
    generator = random.Random(2025)
    rows = orders(generator)
    for row in generator.sample(rows, 40):
        rows.insert(rows.index(row), row)
    with Path(sys.argv[1]).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)


if __name__ == "__main__":
    main()

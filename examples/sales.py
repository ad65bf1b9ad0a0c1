"""Analyse a CSV file of sales with pandas and leave a plot open.

    python examples/make_sales.py output/sales.csv
    isorun run examples/sales.py --input output/sales.csv --output output/sales

Reads `sales.csv` from its working folder. Leaves `summary.csv`, and the open figure that isorun saves as
`figure-1.png`; `--output` brings both back.
"""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

COLOURS = {"North": "#1f4e79", "South": "#d1495b", "East": "#8a8d91", "West": "#edae49"}


def read(path: str) -> tuple[pd.DataFrame, int]:
    """Return the usable orders with their revenue, and how many rows were left out."""
    raw = pd.read_csv(path, parse_dates=["date"])
    orders = raw.drop_duplicates().dropna(subset=["unit_price"]).copy()
    orders["revenue"] = orders["units"] * orders["unit_price"] * (1 - orders["discount"])
    orders["month"] = orders["date"].dt.month
    return orders, len(raw) - len(orders)


def summarise(orders: pd.DataFrame) -> pd.DataFrame:
    """Return one line per region: orders, revenue, its share, and the second half year against the first."""
    revenue = orders.groupby("region")["revenue"].sum()
    halves = orders.groupby(["region", orders["month"] > 6])["revenue"].sum().unstack()
    table = pd.DataFrame(
        {
            "orders": orders.groupby("region").size(),
            "revenue": revenue.round(0).astype(int),
            "share_percent": (100 * revenue / revenue.sum()).round(1),
            "second_half_percent": (100 * (halves[True] / halves[False] - 1)).round(1),
        }
    )
    return table.sort_values("revenue", ascending=False)


def draw(orders: pd.DataFrame) -> None:
    """Draw both panels into one figure and leave it open."""
    plt.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), width_ratios=(3, 2), layout="constrained")
    draw_months(left, orders)
    draw_products(right, orders)
    figure.suptitle(f"Sales in {orders['date'].dt.year.iloc[0]}", fontsize=14, fontweight="bold")


def draw_months(axes: Axes, orders: pd.DataFrame) -> None:
    """Draw one line per region."""
    monthly = orders.pivot_table(index="month", columns="region", values="revenue", aggfunc="sum")
    for region, colour in COLOURS.items():
        axes.plot(
            monthly.index,
            monthly[region],
            label=region,
            color=colour,
            linewidth=2,
            marker="o",
            markersize=3.5,
        )
    axes.legend(ncols=len(COLOURS), loc="lower left", frameon=False)
    axes.set_title("Revenue per month and region", loc="left", fontsize=11)
    axes.set_xticks(range(1, 13), list("JFMAMJJASOND"))
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 1000:.0f}k"))
    axes.grid(axis="y", alpha=0.25)


def draw_products(axes: Axes, orders: pd.DataFrame) -> None:
    """Draw one bar per product with its revenue written at the end."""
    totals = orders.groupby("product")["revenue"].sum().sort_values()
    bars = axes.barh(totals.index, totals, color="#4c78a8")
    axes.bar_label(bars, [f"{value / 1000:,.0f}k" for value in totals], padding=4)
    axes.set_title("Revenue per product", loc="left", fontsize=11)
    axes.set_xlim(right=totals.max() * 1.15)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)


orders, left_out = read("sales.csv")
table = summarise(orders)
table.to_csv("summary.csv")
draw(orders)

print(f"{len(orders):,} orders; {left_out} rows left out (twice in the file, or without a price)\n")
print(table.to_string(formatters={"orders": "{:,}".format, "revenue": "{:,}".format}))
monthly = orders.groupby("month")["revenue"].sum()
best = f"{pd.Timestamp(2025, int(monthly.idxmax()), 1):%B}"
print(f"\nBest month: {best}, with {monthly.max():,.0f} of {monthly.sum():,.0f}")

result = {"orders": len(orders), "revenue": round(monthly.sum()), "best_month": best}

"""Find the shortest round trip through 16 cities, exactly, by dynamic programming (Held and Karp, 1962).

    isorun run examples/travelling_salesman.py --output output/tour

For every set of visited cities and every last city it keeps the shortest way there: 2^15 * 15 entries,
not 15! / 2 (650 thousand million) tours. NumPy works on all sets of one size at once. Leaves an open figure,
which isorun saves as `figure-1.png`.
"""

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np

#: City -> latitude and longitude in degrees.
CITIES = {
    "Berlin": (52.52, 13.40),
    "Hamburg": (53.55, 9.99),
    "Munich": (48.14, 11.58),
    "Cologne": (50.94, 6.96),
    "Frankfurt": (50.11, 8.68),
    "Stuttgart": (48.78, 9.18),
    "Dusseldorf": (51.23, 6.78),
    "Leipzig": (51.34, 12.37),
    "Dortmund": (51.51, 7.47),
    "Bremen": (53.08, 8.80),
    "Dresden": (51.05, 13.74),
    "Hanover": (52.37, 9.73),
    "Nuremberg": (49.45, 11.08),
    "Freiburg": (47.99, 7.85),
    "Kassel": (51.31, 9.49),
    "Rostock": (54.09, 12.10),
}
EARTH_RADIUS_KM = 6371.0


def distances_km(places: np.ndarray) -> np.ndarray:
    """Return all great-circle distances between places given in degrees."""
    latitude, longitude = np.radians(places).T
    half = np.sin((latitude[:, None] - latitude) / 2) ** 2
    half += np.cos(latitude[:, None]) * np.cos(latitude) * np.sin((longitude[:, None] - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(half))


def shortest_tour(distance: np.ndarray) -> tuple[float, list[int]]:
    """Return length and order of the shortest round trip from city 0."""
    last = len(distance) - 1
    between, home = distance[1:, 1:], distance[0, 1:]
    # best[visited, city]: shortest way from city 0 through the set `visited` (bits) that ends in `city`.
    best = np.full((1 << last, last), np.inf)
    best[1 << np.arange(last), np.arange(last)] = home
    for size in range(2, last + 1):
        visited = np.array([sum(1 << city for city in group) for group in combinations(range(last), size)])
        for city in range(last):
            ending = visited[visited >> city & 1 == 1]
            best[ending, city] = (best[ending ^ (1 << city)] + between[:, city]).min(axis=1)
    full = (1 << last) - 1
    return float((best[full] + home).min()), backtrack(best, between, home)


def backtrack(best: np.ndarray, between: np.ndarray, home: np.ndarray) -> list[int]:
    """Walk from the end of the best tour to its start."""
    visited = len(best) - 1
    city = int((best[visited] + home).argmin())
    tour = [city]
    while visited := visited ^ (1 << city):
        city = int((best[visited] + between[:, city]).argmin())
        tour.append(city)
    return [0, *(number + 1 for number in reversed(tour))]


def draw(places: np.ndarray, tour: list[int], length_km: float) -> None:
    """Draw the tour as a map and leave it open."""
    latitude, longitude = stops = places[tour].T
    figure, axes = plt.subplots(figsize=(6, 7), layout="constrained")
    axes.fill(longitude, latitude, facecolor="#f6e8ea", edgecolor="#d1495b", linewidth=1.8)
    axes.plot(longitude, latitude, "o", color="#1f4e79")
    # A name stands where no line is: opposite to the middle of the ways to both neighbours.
    ways = [np.roll(stops, shift, axis=1) - stops for shift in (-1, 1)]
    up, right = -sum(way / np.linalg.norm(way, axis=0) for way in ways)
    for number, city in enumerate(tour):
        axes.annotate(
            list(CITIES)[city],
            (longitude[number], latitude[number]),
            xytext=8 * np.sign((right[number], up[number])),
            textcoords="offset points",
            ha="left" if right[number] > 0 else "right",
            va="center",
        )
    # A degree of longitude is shorter than one of latitude, here by this much.
    axes.set_aspect(1 / np.cos(np.radians(latitude.mean())))
    axes.set_axis_off()
    axes.margins(0.12)
    figure.suptitle(f"The shortest tour: {length_km:,.0f} km", fontweight="bold")


names = list(CITIES)
places = np.array(list(CITIES.values()))
distance = distances_km(places)
length_km, tour = shortest_tour(distance)
draw(places, tour, length_km)

print(f"Shortest round trip through {len(names)} cities: {length_km:,.1f} km\n")
for start, end in zip(tour, [*tour[1:], 0], strict=True):
    print(f"  {names[start]:10} -> {names[end]:10} {distance[start, end]:6.1f} km")

result = {"kilometres": round(length_km, 1), "tour": [names[city] for city in tour]}

"""Traces: when callers ask for a sandbox of one template, in seconds from the start, sorted; seeded."""

import math
from collections.abc import Callable, Iterator
from random import Random

HOUR = 3600.0
DAY = 24 * HOUR
#: How long each trace of `TRACES` is.
SECONDS = {"steady": 4 * HOUR, "bursty": DAY, "lone bursts": DAY, "diurnal": DAY, "dead": DAY}

# A working day: how busy each hour is, against the busiest.
_BUSY = (1, 0, 0, 0, 0, 1, 3, 10, 40, 80, 100, 90, 40, 70, 100, 90, 70, 40, 15, 10, 15, 10, 5, 2)


def steady(random: Random, seconds: float, *, rate: float = 0.3) -> list[float]:
    """Return arrivals that know nothing of each other, `rate` in a second."""
    return list(_poisson(random, rate, 0.0, seconds))


def bursty(
    random: Random, seconds: float, *, quiet_seconds: float = 1200.0, bursts: float = 6.0
) -> list[float]:
    """Return pieces of work at random times, with quiet between; each is a few bursts, seconds apart."""
    arrivals: list[float] = []
    for begin in _poisson(random, 1 / quiet_seconds, 0.0, seconds):
        arrivals += _work(random, begin, bursts)
    return _within(arrivals, seconds)


def lone_bursts(random: Random, seconds: float, *, quiet_seconds: float = 300.0) -> list[float]:
    """Return bursts at random times that know nothing of each other."""
    arrivals: list[float] = []
    for begin in _poisson(random, 1 / quiet_seconds, 0.0, seconds):
        arrivals += _burst(random, begin)
    return _within(arrivals, seconds)


def diurnal(random: Random, seconds: float = DAY, *, rate: float = 0.2) -> list[float]:
    """Return a working day: single arrivals and pieces of work, both as often as the hour is busy."""
    arrivals: list[float] = []
    for hour in range(math.ceil(seconds / HOUR)):
        busy = _BUSY[hour % 24] / 100
        begin, end = hour * HOUR, (hour + 1) * HOUR
        arrivals += _poisson(random, rate * busy, begin, end)
        for start in _poisson(random, busy / 900, begin, end):
            arrivals += _work(random, start, 5.0)
    return _within(arrivals, seconds)


def dead(random: Random, seconds: float, *, rate: float = 0.5) -> list[float]:
    """Return half an hour of single arrivals and bursts; nothing after it."""
    arrivals = list(_poisson(random, rate, 0.0, HOUR / 2))
    for begin in _poisson(random, 1 / 300, 0.0, HOUR / 2):
        arrivals += _burst(random, begin)
    return _within(arrivals, min(seconds, HOUR / 2))


TRACES: dict[str, Callable[[Random, float], list[float]]] = {
    "steady": steady,
    "bursty": bursty,
    "lone bursts": lone_bursts,
    "diurnal": diurnal,
    "dead": dead,
}


def _work(random: Random, begin: float, bursts: float) -> list[float]:
    """Return about so many bursts, 2 to 15 s apart."""
    arrivals = _burst(random, begin)
    while random.random() < 1 - 1 / bursts:
        begin += random.uniform(2.0, 15.0)
        arrivals += _burst(random, begin)
    return arrivals


def _burst(random: Random, begin: float) -> list[float]:
    """Return one or some dozens of arrivals within a second."""
    return [begin + random.random() for _ in range(random.randint(12, 36))]


def _poisson(random: Random, rate: float, begin: float, end: float) -> Iterator[float]:
    now = begin
    while rate > 0:
        now += random.expovariate(rate)
        if now >= end:
            return
        yield now


def _within(arrivals: list[float], seconds: float) -> list[float]:
    return sorted(arrival for arrival in arrivals if arrival < seconds)

"""Days, ages and clock times."""

from __future__ import annotations

import datetime
import re

from ._read import integer, plain

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMERIC = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?\s*([ap])?\.?m?\.?", re.IGNORECASE)
_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_UNITS = {"day": 1, "week": 7}
_MINUTES_A_DAY = 24 * 60

type Date = datetime.date


def days_between(start: object, end: object) -> int:
    """Days from start to end; negative if end is earlier. Dates are "2024-02-28" or "28 February 2024".

    >>> days_between("2024-02-28", "2024-03-01")
    2
    """
    return (_date(end) - _date(start)).days


def add_days(date: object, days: object, unit: str = "days") -> str:
    """The date so many days later (negative: earlier); unit may be "weeks", "months" or "years".

    A day that the month does not have becomes its last.

    >>> add_days("2024-01-31", 1, "months")
    '2024-02-29'
    """
    start, count = _date(date), integer(days, "days", "10")
    unit = unit.lower().rstrip("s")
    if unit in _UNITS:
        return (start + datetime.timedelta(days=count * _UNITS[unit])).isoformat()
    if unit not in ("month", "year"):
        raise ValueError(f'unit must be "days", "weeks", "months" or "years", not {unit!r}')
    months = start.year * 12 + start.month - 1 + count * (12 if unit == "year" else 1)
    year, month = divmod(months, 12)
    return datetime.date(year, month + 1, min(start.day, _month_days(year, month + 1))).isoformat()


def weekday(date: object) -> str:
    """The name of the day of the week.

    >>> weekday("2024-02-29")
    'Thursday'
    """
    return _NAMES[_date(date).weekday()]


def business_days(start: object, end: object, holidays: object = ()) -> int:
    """Monday to Friday days from start to end, both included, without holidays.

    >>> business_days("2024-03-01", "2024-03-05")
    3
    """
    first, last = sorted([_date(start), _date(end)])
    free = plain(holidays)
    off = {_date(day) for day in free} if isinstance(free, list | tuple | set) else {_date(free)}
    weeks, rest = divmod((last - first).days + 1, 7)
    working = 5 * weeks + sum((first.weekday() + day) % 7 < 5 for day in range(rest))
    return working - sum(first <= day <= last and day.weekday() < 5 for day in off)


def age_on(birthday: object, date: object) -> int:
    """Whole years from a birthday to a date.

    >>> age_on("2000-05-20", "2024-05-19")
    23
    """
    born, then = _date(birthday), _date(date)
    return then.year - born.year - ((then.month, then.day) < (born.month, born.day))


def time_between(start: object, end: object) -> int | float:
    """Minutes from one clock time to the next other one; an earlier end is on the next day.

    >>> time_between("09:40", "17:05")
    445
    """
    minutes = (_minutes(end) - _minutes(start)) % _MINUTES_A_DAY
    return int(minutes) if minutes == int(minutes) else minutes


def _minutes(time: object) -> float:
    if isinstance(time, datetime.time | datetime.datetime):
        return time.hour * 60 + time.minute + time.second / 60
    match = _CLOCK.fullmatch(str(time).strip())
    if match is None or int(match.group(1)) > 24 or int(match.group(2) or 0) > 59:
        raise ValueError(f'a time must look like "09:40" or "5:05 pm", not {time!r}')
    hours, half = int(match.group(1)), (match.group(4) or "").lower()
    if half:
        hours = hours % 12 + (12 if half == "p" else 0)
    return hours * 60 + int(match.group(2) or 0) + int(match.group(3) or 0) / 60


def _date(date: object) -> Date:
    if isinstance(date, datetime.datetime):
        return date.date()
    if isinstance(date, datetime.date):
        return date
    if isinstance(date, tuple | list) and len(date) == 3:
        return datetime.date(*[integer(part, "date", "(2024, 2, 28)") for part in date])
    text = str(date).strip()
    numeric, worded = _NUMERIC.fullmatch(text), _worded(text)
    try:
        if numeric is not None:
            first, second, year = (int(part) for part in numeric.groups())
            # Month first, as in most texts with slashes, unless that is no month.
            month, day = (second, first) if first > 12 or "." in text else (first, second)
            return datetime.date(year, month, day)
        return worded or datetime.date.fromisoformat(text[:10])
    except ValueError as error:
        raise ValueError(f'a date must look like "2024-02-28" or "28 February 2024", not {text!r}') from error


def _worded(text: str) -> Date | None:
    month = next((m + 1 for m, name in enumerate(_MONTHS) if re.search(rf"\b{name}", text.lower())), None)
    found = [int(digits) for digits in re.findall(r"\d+", text)]
    if month is None or len(found) != 2:
        return None
    day, year = sorted(found)
    return datetime.date(year, month, day)


def _month_days(year: int, month: int) -> int:
    following = datetime.date(year + month // 12, month % 12 + 1, 1)
    return (following - datetime.timedelta(days=1)).day

"""Units and what they are worth in the one unit that all of their kind are counted in."""

from __future__ import annotations

from fractions import Fraction

from ._answer import Number, whole
from ._read import number

#: Name, then other spellings; a final `s` is understood everywhere.
_TABLES: dict[str, dict[str, str]] = {
    "length": {
        "nm nanometer nanometre": "0.000000001",
        "um µm micrometer micrometre micron": "0.000001",
        "mm millimeter millimetre": "0.001",
        "cm centimeter centimetre": "0.01",
        "dm decimeter decimetre": "0.1",
        "m meter metre": "1",
        "km kilometer kilometre": "1000",
        "in inch inche": "0.0254",
        "ft foot feet": "0.3048",
        "yd yard": "0.9144",
        "mi mile": "1609.344",
        "nmi nautical_mile": "1852",
    },
    "mass": {
        "mg milligram": "0.000001",
        "g gram gramme": "0.001",
        "kg kilogram kilo": "1",
        "t tonne metric_ton": "1000",
        "ton us_ton short_ton": "907.18474",
        "oz ounce": "0.028349523125",
        "lb pound lbs": "0.45359237",
        "st stone": "6.35029318",
    },
    "time": {
        "ms millisecond": "0.001",
        "s sec second": "1",
        "min minute": "60",
        "h hr hour": "3600",
        "d day": "86400",
        "wk week": "604800",
        "year yr": "31536000",
    },
    "area": {
        "mm2": "0.000001",
        "cm2 square_centimeter": "0.0001",
        "m2 square_meter square_metre": "1",
        "km2 square_kilometer": "1000000",
        "ha hectare": "10000",
        "acre": "4046.8564224",
        "in2 square_inch square_inche": "0.00064516",
        "ft2 square_foot square_feet": "0.09290304",
        "yd2 square_yard": "0.83612736",
        "mi2 square_mile": "2589988.110336",
    },
    "volume": {
        "ml milliliter millilitre cm3 cc": "0.000001",
        "cl centiliter": "0.00001",
        "dl deciliter": "0.0001",
        "l liter litre dm3": "0.001",
        "m3 cubic_meter cubic_metre": "1",
        "in3 cubic_inch cubic_inche": "0.000016387064",
        "ft3 cubic_foot cubic_feet": "0.028316846592",
        "tsp teaspoon": "0.00000492892159375",
        "tbsp tablespoon": "0.00001478676478125",
        "floz fl_oz fluid_ounce": "0.0000295735295625",
        "cup": "0.0002365882365",
        "pt pint": "0.000473176473",
        "qt quart": "0.000946352946",
        "gal gallon": "0.003785411784",
    },
    "speed": {
        "m/s mps": "1",
        "km/h kmh kph": "1000/3600",
        "mph mi/h mile_per_hour miles_per_hour": "0.44704",
        "ft/s fps": "0.3048",
        "kn knot kt": "1852/3600",
    },
    "data": {
        "bit": "1",
        "byte b": "8",
        "kb kilobyte": "8000",
        "mb megabyte": "8000000",
        "gb gigabyte": "8000000000",
        "tb terabyte": "8000000000000",
        "kib": "8192",
        "mib": "8388608",
        "gib": "8589934592",
        "tib": "8796093022208",
        "kbit": "1000",
        "mbit": "1000000",
        "gbit": "1000000000",
    },
    "energy": {
        "j joule": "1",
        "kj kilojoule": "1000",
        "cal calorie": "4.184",
        "kcal kilocalorie": "4184",
        "wh watt_hour": "3600",
        "kwh kilowatt_hour": "3600000",
        "ev": "0.0000000000000000001602176634",
        "btu": "1055.05585262",
    },
    "pressure": {
        "pa pascal": "1",
        "hpa mbar millibar": "100",
        "kpa kilopascal": "1000",
        "mpa": "1000000",
        "bar": "100000",
        "atm atmosphere": "101325",
        "psi": "6894.757293168",
        "mmhg torr": "133.322387415",
    },
}
#: How degrees become kelvin: added first, then multiplied.
_TEMPERATURES = {
    "celsius": (Fraction("273.15"), Fraction(1)),
    "c": (Fraction("273.15"), Fraction(1)),
    "fahrenheit": (Fraction("459.67"), Fraction(5, 9)),
    "f": (Fraction("459.67"), Fraction(5, 9)),
    "kelvin": (Fraction(0), Fraction(1)),
    "k": (Fraction(0), Fraction(1)),
}


def convert(value: object, from_unit: str, to_unit: str) -> Number:
    """A value in another unit, of length, mass, time, area, volume, speed, temperature, data or energy.

    Also pressure. Litres and gallons are those of the United States where they differ.

    >>> convert(26.2, "miles", "km")
    42.1648128
    """
    amount = Fraction(str(number(value, "value", "26.2")))
    source, target = _name(from_unit), _name(to_unit)
    if source in _TEMPERATURES and target in _TEMPERATURES:
        shift, factor = _TEMPERATURES[source]
        other_shift, other_factor = _TEMPERATURES[target]
        return _plain((amount + shift) * factor / other_factor - other_shift)
    for units in _TABLES.values():
        worth = {name: Fraction(part) for names, text in units.items() for name, part in _each(names, text)}
        if source in worth and target in worth:
            return _plain(amount * worth[source] / worth[target])
    known = ", ".join(
        f"{kind}: {' '.join(names.split()[0] for names in units)}" for kind, units in _TABLES.items()
    )
    raise ValueError(f"cannot convert {from_unit!r} to {to_unit!r}; known are {known}, temperature: c f k")


def _each(names: str, text: str) -> list[tuple[str, Fraction]]:
    top, _, bottom = text.partition("/")
    worth = Fraction(top) / Fraction(bottom or 1)
    return [(name, worth) for name in names.split()]


def _name(unit: str) -> str:
    """Return the spelling of the tables: lower case, one, with underscores."""
    text = unit.strip().lower().removeprefix("degrees ").removeprefix("degree ").lstrip("°")
    text = (
        text.replace("²", "2").replace("³", "3").replace("^", "").replace("sq ", "square_").replace(" ", "_")
    )
    known = {name for units in _TABLES.values() for names in units for name in names.split()} | set(
        _TEMPERATURES
    )
    return text if text in known else text.removesuffix("s")


def _plain(value: Fraction) -> Number:
    return int(value) if value.denominator == 1 else whole(float(value))

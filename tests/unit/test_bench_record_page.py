import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from engine.bench._headlines import headlines
from engine.bench._html import page
from engine.bench._plot import TEXT_SIZES, plain, text_width
from engine.bench._record import Machine, Measurement, Note, Records
from engine.bench._rows import groups
from engine.bench._sections import sections
from tests.unit._bench_records import MACHINE, compute, density, of_everything, records, startup, throughput

_SVG = "{http://www.w3.org/2000/svg}"
_VOID = {"meta", "br"}
_HOSTILE = "</svg><script>alert('\"&amp;\x00\ud800\u202e')</script>"
#: What could load something or run it.
_FORBIDDEN_TAGS = {"script", "link", "img", "iframe", "object", "embed", "base", "image", "use", "a"}


class Checker(HTMLParser):
    """Keeps what is open, and what there is."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def pictures(content: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg class=.*?</svg>", content, re.DOTALL)]


def boxes(picture: ElementTree.Element) -> Iterator[tuple[str, float, float, float, float]]:
    """Yield each text with its left, right, top and bottom."""
    for text in picture.iter(f"{_SVG}text"):
        kind = text.attrib["class"].split()[0]
        width = text_width(text.text or "", kind)
        for span in text:
            width += 8 + text_width(span.text or "", "detail")
        x, y = float(text.attrib["x"]), float(text.attrib["y"])
        left = x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[text.attrib.get("text-anchor", "start")]
        yield "".join(text.itertext()), left, left + width, y - TEXT_SIZES[kind] * 0.8, y + 2


def hostile() -> Records:
    """Return records all of whose text wants to be markup."""
    bad = _HOSTILE
    machine = Machine(cpu=bad, cores=2, memory_mib=1, kernel=bad, python=bad, versions={bad: bad}, commit=bad)
    fields = {"path": bad, "measure": bad, "is_peer": True}
    return records(
        startup(bad, variant=bad, **fields),
        throughput(bad, bad, (1.0,), **fields),
        density(bad, bad, (1.0,), **fields),
        compute(bad, bad, (1.0,), **fields),
        machine=machine,
        notes=[Note(contender=bad, text=bad)],
    )


def many() -> Records:
    """Return more of everything than a page holds."""
    found: list[Measurement] = []
    for number in range(40):
        for variant in range(8):
            name, way = f"{number}{'<' * 30}", "&" * 30
            values = tuple(1.0 + (number * variant * n) % 997 for n in range(60))
            fields = {"path": way, "floor": (3.0,)}  # so short a floor has no interval, which takes time
            found += [
                startup(name, variant=f"{'<' * 11}{variant}", values=values, **fields),
                startup(name, variant=str(variant), measure=f"m{number}", values=values, **fields),
                throughput(name, str(variant), values[:3], **fields),
                density(name, f"{'<' * 11}{variant}", values[:3], **fields),
                compute(name, f"{'<' * 11}{variant}", values[:9], **fields),
            ]
    notes = [Note(contender="<" * 50, text="<" * 5000)] * 500
    versions = {f"{'<' * 50}{number}": "<" * 500 for number in range(500)}
    machine = Machine(cpu="<" * 500, cores=2, memory_mib=1, kernel="6", python="3", versions=versions)
    return records(*found, machine=machine, notes=notes)


def odd(*values: float) -> Records:
    return records(
        startup(values=values, floor=values),
        throughput("a", "1", values, floor=values),
        density("a", "waiting", values),
        compute("a", "loop", values, floor=values),
    )


def test_page_is_well_formed_and_loads_nothing() -> None:
    content = page(of_everything())

    found = Checker(content)
    assert found.open == []
    assert not found.tags & _FORBIDDEN_TAGS
    assert not [
        name for name in found.attributes if name.startswith("on") or name in {"src", "href", "style"}
    ]
    assert set(re.findall(r"https?://[^\"\s<]*", content)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|url\(", content)


def test_every_benchmark_has_charts_for_wide_and_narrow_screens() -> None:
    found = pictures(page(of_everything()))

    layouts = [picture.attrib["class"] for picture in found]
    assert layouts == ["wide", "narrow"] * 5
    assert all(picture.attrib["aria-label"] for picture in found)


def test_page_is_light_or_dark_as_the_reader_likes() -> None:
    assert "prefers-color-scheme: dark" in page(of_everything())


@pytest.mark.parametrize("make", [of_everything, many, lambda: odd(1e-5), lambda: odd(1e6, 2e6)])
def test_no_text_of_a_chart_hides_another_or_leaves_it(make: Callable[[], Records]) -> None:
    for picture in pictures(page(make())):
        width, height = map(float, picture.attrib["viewBox"].split()[2:])
        found = list(boxes(picture))
        for index, (text, left, right, top, bottom) in enumerate(found):
            assert left >= -1, text
            assert right <= width + 1, text
            assert top >= 0, text
            assert bottom <= height, text
            for other, other_left, other_right, other_top, other_bottom in found[:index]:
                apart = right <= other_left or other_right <= left
                assert apart or bottom <= other_top or other_bottom <= top, (text, other)


def test_text_of_records_is_never_markup() -> None:
    content = page(hostile())

    found = Checker(content)
    assert found.open == []
    assert "script" not in found.tags
    assert "<script" not in content
    assert not re.search("[\x00-\x08\ud800-\udfff\u202e]", content)
    assert len(pictures(content)) == 8


def test_text_is_markup_that_shows_it_and_xml_can_hold() -> None:
    shown = plain("a<b>&\"'\x00\x1b\ud800\uffff\U0001f600\n")

    assert ElementTree.fromstring(f"<p>{shown}</p>").text == "a<b>&\"'\ufffd\ufffd\ufffd\ufffd\U0001f600\n"


def test_page_stays_small_whatever_is_in_the_file() -> None:
    content = page(many())

    assert len(content.encode()) < 400_000
    assert "more rows in the file" in content
    assert "more rows are in the table only" in content
    assert "<li>and 480 more</li>" in content


@pytest.mark.parametrize(
    "values", [(1.0,), (0.0,), (-1.0, -2.0), (1e-300,), (1e300,), (1e-300, 1e300), (5.0, 5.0, 5.0)]
)
def test_odd_values_have_charts_too(values: tuple[float, ...]) -> None:
    content = page(odd(*values))

    assert Checker(content).open == []
    assert not re.search(r"\b(nan|inf)\b", content)
    assert pictures(content)


def test_page_of_nothing_says_so() -> None:
    assert "Nothing was measured." in page(records())
    assert "Nothing was measured." not in page(of_everything())


def test_quick_measurement_is_said_first() -> None:
    quick = Machine(cpu="x", cores=1, memory_mib=1, kernel="6", python="3", quick=True)

    assert "A quick look" in page(records(startup(), machine=quick))
    assert "A quick look" not in page(records(startup(), machine=MACHINE))


def test_sentence_names_the_fastest_the_slowest_and_the_peer() -> None:
    chart = sections(groups(of_everything()))[0].charts[0]

    assert chart.sentence == (
        "The fastest is nsjail (warm): half of its runs are done within 5.10 ms, 95 % within 9.00 ms; "
        "p50 is 0.510 times what a bare interpreter takes. The slowest way is pyodide (cold) with 4.00 s. "
        "Of what else one could take, docker run is fastest with 475 ms."
    )


def test_run_in_a_used_sandbox_is_not_called_the_fastest() -> None:
    found = records(startup(path="session", values=(1.0,)), startup(path="warm", values=(5.0,)))

    content = page(found)

    assert "The fastest is nsjail (warm)" in content
    assert '<div class="tile"><b>5.00 ms</b>' in content


def test_other_sentences_say_what_one_sees() -> None:
    _, rates, memory, computations = (
        section.charts[0].sentence for section in sections(groups(of_everything()))
    )

    assert rates == (
        "With 8 clients at once, nsjail (warm) does most: 151 runs per second, 1.66 times as many "
        "as with 1 client. Of what else one could take, docker run does most: 4.05."
    )
    assert memory.startswith("A waiting sandbox takes 1.25 MiB with nsjail (warm).")
    assert computations == (
        "Native time is 1. Least takes nsjail, 1.01 (python loop); most pyodide, 2.65 (python loop)."
    )


def test_computation_without_native_has_figures_but_no_chart() -> None:
    (section,) = sections(groups(records(compute("wasm", "loop", (1.0,), floor=()))))

    assert section.charts == ()
    assert "<td>wasm</td>" in page(records(compute("wasm", "loop", (1.0,), floor=())))


def test_legend_speaks_of_others_only_where_there_are_some() -> None:
    assert "another way to run it" in page(of_everything())
    assert "another way to run it" not in page(records(startup()))


def test_headlines_are_of_the_smallest_program_and_of_all_computations() -> None:
    found = headlines(
        groups(
            records(
                startup(values=(5.0,)),
                startup(variant="policy", values=(4.0,)),
                startup("bwrap", values=(3.0,), is_peer=True),
                compute("a", "loop", (9.0,), floor=(10.0,)),
                compute("b", "loop", (20.0,), floor=(10.0,)),
            )
        )
    )

    assert [one.figure for one in found] == ["5.00 ms", "0.90-2.00 x"]

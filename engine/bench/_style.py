"""The style sheet of the page and its legend; light and dark as the reader's system is."""

from ._plot import TEXT_SIZES

_LIGHT = """
  --page: #ffffff; --ink: #1b1f24; --soft: #59626d; --rule: #d5dae0; --grid: #e6e9ed; --card: #f4f6f8;
  --own: #1d5fd0; --peer: #b45309; --floor: #6b7280;"""
_DARK = """
  --page: #14171c; --ink: #e8ebef; --soft: #a3acb8; --rule: #3a414b; --grid: #2a3038; --card: #1e232a;
  --own: #6ea8ff; --peer: #f5a54a; --floor: #9aa4b1;"""
_REST = """
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 17px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1020px; margin: 0 auto; padding: 24px 30px 60px; }
h1 { font-size: 32px; line-height: 1.2; margin: 12px 0 8px; }
h2 { font-size: 25px; line-height: 1.25; margin: 56px 0 4px; padding-top: 26px;
  border-top: 1px solid var(--rule); }
h3 { font-size: 18px; margin: 30px 0 4px; }
p { margin: 4px 0 10px; max-width: 70ch; }
.facts, .question, .legend, details { color: var(--soft); font-size: 15px; }
.warning { border-left: 5px solid var(--peer); padding: 8px 14px; background: var(--card); }
.tiles { display: grid; gap: 14px; margin: 22px 0;
  grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); }
.tile { background: var(--card); border-radius: 10px; padding: 14px 16px; overflow-wrap: anywhere; }
.tile b { display: block; font-size: 27px; line-height: 1.2; color: var(--own); }
.tile span { display: block; font-size: 14px; color: var(--soft); line-height: 1.35; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; padding: 0; margin: 8px 0; list-style: none; }
.legend svg { width: 34px; height: 18px; vertical-align: -4px; margin-right: 6px; }
figure { margin: 8px 0 22px; }
figure svg { display: block; width: 100%; height: auto; overflow: visible; }
figcaption { font-size: 17px; margin-top: 8px; max-width: 70ch; }
.narrow { display: none !important; }
details { margin: 8px 0; }
summary { cursor: pointer; font-size: 16px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; margin: 6px 0 18px; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 8px 0 2px; color: var(--ink); }
th, td { padding: 3px 12px 3px 0; text-align: left; white-space: nowrap;
  border-bottom: 1px solid var(--grid); }
th { color: var(--soft); font-weight: 500; }
.n { text-align: right; }
.notes { font-size: 15px; overflow-wrap: anywhere; }
text { fill: var(--ink); font-family: inherit;
  paint-order: stroke; stroke: var(--page); stroke-width: 4px; stroke-linejoin: round; }
.name, .value, .strong { font-weight: 600; }
.detail, .tick { fill: var(--soft); font-weight: 400; }
.own-text { fill: var(--own); } .peer-text { fill: var(--peer); } .floor-text { fill: var(--floor); }
.strong { fill: var(--ink); }
.grid { stroke: var(--grid); } .axis { stroke: var(--soft); } .leader { stroke: var(--rule); }
line.floor, path.floor { stroke: var(--floor); stroke-width: 2; stroke-dasharray: 6 4; fill: none; }
.drift { fill: var(--floor); opacity: .13; }
.own { --hue: var(--own); } .peer { --hue: var(--peer); }
.solid { fill: var(--hue); stroke: var(--page); stroke-width: 1.5; }
.bar { fill: var(--hue); opacity: .55; } .whisker { stroke: var(--hue); stroke-width: 2.5; }
.run { stroke: var(--hue); stroke-width: 4.5; stroke-linecap: round; opacity: .4; fill: none; }
.curve { stroke: var(--hue); stroke-width: 2.5; fill: none; }
.interval { stroke: var(--ink); stroke-width: 2; }
@media (max-width: 720px) {
  main { padding: 14px 16px 40px; } h1 { font-size: 27px; } h2 { font-size: 22px; margin-top: 40px; }
  .wide { display: none !important; } .narrow { display: block !important; }
  th, td { padding-right: 7px; font-size: 12.5px; }
  .tiles { grid-template-columns: repeat(2, 1fr); gap: 10px; } .tile b { font-size: 22px; }
}
@media print { details > * { display: block; } }
"""
_SIGNS = {
    "own": (
        '<path class="own curve" d="M2 9H32"/><circle class="own solid" cx="17" cy="9" r="6.5"/>',
        "isorun, median (p50)",
    ),
    "peer": ('<path class="peer solid" d="M17 1l8 8l-8 8l-8 -8z"/>', "another way to run it"),
    "bar": (
        '<rect class="own bar" x="0" y="5" width="20" height="8"/>'
        '<path class="own whisker" d="M20 0V18M20 9H32M32 4V14"/>',
        "from p50 to p95, then to p99",
    ),
    "run": ('<path class="own run" d="M6 9h0M14 6h0M21 12h0M28 9h0"/>', "one run"),
    "floor": ('<path class="floor" d="M0 9H34"/>', "bare interpreter, no sandbox"),
    "drift": ('<rect class="drift" x="0" y="1" width="34" height="16"/>', "how that drifted meanwhile"),
    "own-solid": ('<rect class="own solid" x="2" y="2" width="30" height="14"/>', "isorun"),
    "peer-solid": ('<rect class="peer solid" x="2" y="2" width="30" height="14"/>', "another way to run it"),
    "interval": ('<path class="interval" d="M4 9H30M4 4V14M30 4V14"/>', "95 % interval"),
}


def sheet() -> str:
    """Return the style sheet."""
    sizes = "".join(f".{kind} {{ font-size: {size}px; }}\n" for kind, size in TEXT_SIZES.items())
    dark = f"@media (prefers-color-scheme: dark) {{ :root {{{_DARK}\n}} }}"
    return f":root {{ color-scheme: light dark;{_LIGHT}\n}}\n{dark}{_REST}{sizes}"


def legend(names: tuple[str, ...]) -> str:
    """Return what signs mean, as markup."""
    entries = [
        f'<li><svg viewBox="0 0 34 18" aria-hidden="true">{sign}</svg>{said}</li>'
        for sign, said in (_SIGNS[name] for name in names)
    ]
    return f'<ul class="legend">{"".join(entries)}</ul>'

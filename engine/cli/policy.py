"""Show the built-in policies, one policy, or the schema of policy files.

A policy file is TOML; `isorun policy show FILE` also checks it.
"""

from argparse import ArgumentParser, Namespace

from ._standard import write_data


def configure(parser: ArgumentParser) -> None:
    """Add the commands below `isorun policy`."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _list = commands.add_parser("list", help="list the built-in policies, one line each")
    _list.add_argument(
        "--json", action="store_true", help="print a JSON list of names, summaries and policies"
    )
    show = commands.add_parser("show", help="check one policy and print it")
    show.add_argument("name", metavar="NAME|FILE", help="name of a built-in policy, or path of a TOML file")
    show.add_argument("--json", action="store_true", help="print every clause, defaults included, as JSON")
    schema = commands.add_parser("schema", help="print the JSON schema of policy files")
    schema.add_argument(
        "--json", action="store_true", help="accepted for uniformity: a schema is JSON already"
    )


def run(arguments: Namespace) -> int:
    """Print what was asked for."""
    match arguments.action:
        case "list":
            text = _list_json() if arguments.json else _list_text()
        case "show":
            text = _show(arguments.name, as_json=arguments.json)
        case _:
            text = _schema()
    write_data(text)
    return 0


def _list_text() -> str:
    from policies import preset_names  # late, like every import of `policies` here: it loads msgspec

    names = preset_names()
    width = max(map(len, names))
    return "".join(f"{name:{width}}  {_summary(name)}\n" for name in names)


def _list_json() -> str:
    import msgspec

    from policies import load, preset_names

    listed = [{"name": name, "summary": _summary(name), "policy": load(name)} for name in preset_names()]
    return msgspec.json.encode(listed).decode() + "\n"


def _show(name: str, *, as_json: bool) -> str:
    from pathlib import Path

    import msgspec

    from policies import load, preset_text

    from ._console import visible, visible_json

    policy = load(name)
    if as_json:
        return visible_json(msgspec.json.encode(policy).decode()) + "\n"
    is_file = "/" in name or name.endswith(".toml")
    text = Path(name).read_text(encoding="utf-8") if is_file else preset_text(name)
    return visible(text if text.endswith("\n") else text + "\n")


def _schema() -> str:
    from policies import schema_text

    return schema_text()


def _summary(name: str) -> str:
    """Return the comment at the top of a preset."""
    from policies import preset_text

    return preset_text(name).partition("\n")[0].lstrip("# ")

"""Rules for expressions: each takes a node, and yields what else may stand in its place."""

import ast
from collections.abc import Iterator

from ._source import Change, Scope

_COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
_OPPOSITES = {ast.In: "not in", ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is"}
_SIGNS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}
_ARITHMETIC = frozenset({"+", "-", "*", "/", "//", "%", "**"})
#: Functions and methods that are taken for each other.
_FAMILIES = (
    ("min", "max"),
    ("any", "all"),
    ("sum", "len", "max", "min"),
    ("sorted", "list", "set", "tuple"),
    ("int", "float", "str", "round", "abs"),
    ("ord", "chr"),
    ("upper", "lower", "swapcase", "capitalize", "title"),
    ("isupper", "islower", "isalpha", "isdigit", "isalnum"),
    ("startswith", "endswith"),
    ("append", "extend", "insert"),
    ("find", "rfind", "index"),
    ("lstrip", "rstrip", "strip"),
    ("ceil", "floor"),
    ("keys", "values", "items"),
    ("update", "add"),
    ("pop", "remove"),
    ("ljust", "rjust"),
    ("union", "intersection", "difference"),
)
_MAX_STRING = 40


def another_name(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Take another variable."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Del):
        for name in scope.names:
            yield scope.source.replaced(node, name)


def another_comparison(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Compare otherwise."""
    if not isinstance(node, ast.Compare):
        return
    sides = [node.left, *node.comparators]
    for left, operator, right in zip(sides, node.ops, sides[1:], strict=False):
        if type(operator) in _COMPARISONS:
            others = list(_COMPARISONS.values())
        else:
            others = [_OPPOSITES[type(operator)]]
        for other in others:
            yield scope.source.between(left, right, f" {other} ")


def another_operator(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Compute otherwise."""
    if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
        gap = scope.source.data[scope.source.span(node.left)[1] : scope.source.span(node.right)[0]].decode()
        for other in _others(node.op):
            yield scope.source.between(node.left, node.right, gap.replace(_SIGNS[type(node.op)], other, 1))
    elif isinstance(node, ast.AugAssign) and type(node.op) in _SIGNS:
        for other in [*_others(node.op), ""]:
            yield _assigned(node.target, other, node.value, scope)
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        for other in ("+", "-", "*"):
            yield _assigned(node.targets[0], other, node.value, scope)


def _others(operator: ast.operator) -> list[str]:
    sign = _SIGNS[type(operator)]
    is_arithmetic = sign in _ARITHMETIC
    return [other for other in _SIGNS.values() if other != sign and (other in _ARITHMETIC) == is_arithmetic]


def _assigned(target: ast.expr, operator: str, value: ast.expr, scope: Scope) -> Change:
    return scope.source.between(target, value, f" {operator}= ")


def another_logic(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Say `or` for `and`, or the opposite of a condition."""
    source = scope.source
    if isinstance(node, ast.BoolOp):
        other = "or" if isinstance(node.op, ast.And) else "and"
        yield source.replaced(node, f" {other} ".join(source.operand(value) for value in node.values))
    elif isinstance(node, ast.UnaryOp):
        yield source.replaced(node, source.operand(node.operand))
    elif isinstance(node, ast.If | ast.While | ast.IfExp):
        yield source.replaced(node.test, f"not ({source.text(node.test)})")
    elif isinstance(node, ast.comprehension):
        for condition in node.ifs:
            yield source.replaced(condition, f"not ({source.text(condition)})")


def another_function(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Call what is easily taken for this function."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        for name in _relatives(node.id):
            yield scope.source.replaced(node, name)
    elif isinstance(node, ast.Attribute):
        _, end = scope.source.span(node)
        for name in _relatives(node.attr):
            yield Change(end - len(node.attr.encode()), end, name)


def _relatives(name: str) -> list[str]:
    return [other for family in _FAMILIES if name in family for other in family if other != name]


def another_constant(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Write another number, truth or text."""
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, bool):
        yield scope.source.replaced(node, str(not value))
    elif isinstance(value, int | float):
        for number in (value + 1, value - 1, -value, 0, 1, 2, *scope.numbers):
            yield scope.source.replaced(node, repr(number) if number >= 0 else f"({number!r})")
    elif isinstance(value, str) and len(value) <= _MAX_STRING:
        near = ("", " ", f"{value} ", value.upper(), value.lower(), value[::-1], value[:-1], value[1:])
        for text in (*near, *scope.strings):
            yield scope.source.replaced(node, repr(text))


def another_order(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Change the sides of an operator, the first two arguments, or the branches of a condition."""
    source = scope.source
    if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
        sign = _SIGNS[type(node.op)]
        yield source.replaced(node, f"{source.operand(node.right)} {sign} {source.operand(node.left)}")
    elif isinstance(node, ast.Call) and len(node.args) > 1:
        first, second = node.args[:2]
        start, end = source.span(first)[0], source.span(second)[1]
        yield Change(start, end, f"{source.text(second)}, {source.text(first)}")
    elif isinstance(node, ast.IfExp):
        body, test, other = (source.operand(part) for part in (node.body, node.test, node.orelse))
        yield source.replaced(node, f"{other} if {test} else {body}")


def one_part(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Leave out an operand, a condition, an argument or a branch."""
    source = scope.source
    if isinstance(node, ast.BinOp):
        yield source.replaced(node, source.text(node.left))
        yield source.replaced(node, source.text(node.right))
    elif isinstance(node, ast.BoolOp):
        word = "and" if isinstance(node.op, ast.And) else "or"
        for value in node.values:
            rest = [source.operand(other) for other in node.values if other is not value]
            yield source.replaced(node, f" {word} ".join(rest))
    elif isinstance(node, ast.IfExp):
        yield source.replaced(node, source.text(node.body))
        yield source.replaced(node, source.text(node.orelse))
    elif isinstance(node, ast.comprehension):
        for condition in node.ifs:
            end = source.span(condition)[1]
            yield Change(source.data.rfind(b" if ", 0, source.span(condition)[0]), end, "")


def fewer_arguments(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Leave out an argument, or the whole call around one."""
    source = scope.source
    if isinstance(node, ast.Call):
        parts: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
        if isinstance(node.func, ast.Attribute):
            yield source.replaced(node, source.text(node.func.value))
        if node.args:
            yield source.replaced(node, source.text(node.args[0]))
        for part in parts if len(parts) > 1 else ():
            rest = ", ".join(source.text(other) for other in parts if other is not part)
            yield Change(source.span(parts[0])[0], source.span(parts[-1])[1], rest)
    elif isinstance(node, ast.Subscript):
        yield source.replaced(node, source.text(node.value))


def another_slice(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Begin, end or step otherwise; take the neighbour."""
    if not isinstance(node, ast.Subscript):
        return
    source, part = scope.source, node.slice
    if not isinstance(part, ast.Slice):
        yield source.replaced(part, f"{source.operand(part)} + 1")
        yield source.replaced(part, f"{source.operand(part)} - 1")
        return
    lower, upper, step = (source.text(one) if one else "" for one in (part.lower, part.upper, part.step))
    around = [(other, upper, step) for other in ("", "1", "2", *_beside(lower))]
    around += [(lower, other, step) for other in ("", "-1", *_beside(upper))]
    around += [(lower, upper, other) for other in ("", "-1", "2")]
    for low, high, pace in around:
        yield source.replaced(part, f"{low}:{high}:{pace}" if pace else f"{low}:{high}")


def another_range(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Count from or to one more or less."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"):
        return
    source = scope.source
    for argument in node.args:
        for other in _beside(source.operand(argument)):
            yield source.replaced(argument, other)
    if len(node.args) == 1:
        for begin in (1, 2):
            yield source.replaced(node.args[0], f"{begin}, {source.text(node.args[0])}")


def _beside(text: str) -> list[str]:
    return [f"{text} + 1", f"{text} - 1"] if text else []


def another_way_to_sort(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Sort the other way, by length or by size."""
    source = scope.source
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
        return
    keywords = {"sorted": ("reverse=True", "key=len", "key=abs"), "max": ("key=len",), "min": ("key=len",)}
    given = {keyword.arg for keyword in node.keywords}
    _, end = source.span(node.keywords[-1] if node.keywords else node.args[-1])
    for keyword in keywords.get(node.func.id, ()):
        if keyword.partition("=")[0] not in given:
            yield Change(end, end, f", {keyword}")


def one_more_condition(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Combine a condition with another one of the function."""
    source = scope.source
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        text = source.operand(node.test)
        for other in scope.conditions:
            if other is not node.test:
                for word in ("and", "or"):
                    yield source.replaced(node.test, f"{text} {word} {source.operand(other)}")
    elif isinstance(node, ast.comprehension) and not node.ifs:
        _, end = source.span(node.iter)
        for other in scope.conditions:
            yield Change(end, end, f" if {source.text(other)}")


def one_off(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Add one to a value, or take it away."""
    if isinstance(node, ast.BinOp | ast.Call):
        value: ast.expr = node
    elif isinstance(node, ast.Subscript | ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
        value = node
    else:
        return
    for other in _beside(scope.source.text(value)):
        yield scope.source.replaced(value, f"({other})")

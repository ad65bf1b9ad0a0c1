"""What to do about a result, when this runtime knows. Pure."""

from engine import Program, Reason, Result
from runtimes.jails import limit_hint

_ADVICE = {
    Reason.STACK_OVERFLOW: "the stack of a module has 8 MiB: recurse less, or keep large arrays elsewhere",
    Reason.UNREACHABLE: "the program gave up by itself: `abort`, a failed assertion or a panic",
    Reason.OUT_OF_BOUNDS: "a pointer or an index led outside of the module's memory",
    Reason.DIVISION_BY_ZERO: "an integer was divided by zero",
    Reason.BAD_CALL: "a function pointer was null, or called with another type than it has",
}
_NO_THREADS = "there are no threads in WebAssembly"
#: What compilers say about what there is not -> why, and what to do instead.
_LACKS = (
    (("with exceptions disabled",), "C++ exceptions do not work here: return errors as values"),
    (("named 'thread' in namespace", "named 'mutex' in namespace", "function 'pthread_create'"), _NO_THREADS),
    (("function 'socket'", "'netdb.h' file not found"), "there are no sockets in WebAssembly"),
    (("function 'fork'", "function 'system'", "'sys/wait.h'"), "there are no processes in WebAssembly"),
    (("Setjmp/longjmp",), "there is no `setjmp` in WebAssembly: return errors as values"),
    (("undefined symbol: main",), "the program has no `main`"),
)


def hint_for(result: Result, program: Program) -> str | None:
    """Return one sentence of advice, or None."""
    if result.reason is Reason.COMPILE_FAILED:
        said = result.stderr
        return next((advice for words, advice in _LACKS if any(word in said for word in words)), None)
    return _ADVICE.get(result.reason) or limit_hint(result)

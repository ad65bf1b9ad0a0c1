"""What programs in C, C++, Rust and WebAssembly can do, and what comes of those that cannot be built."""

import time
from collections.abc import AsyncGenerator

import msgspec
import pytest

from engine import ConfigError, Engine, File, Program, Result
from policies import Compile, Limits, Policy
from tests.support.jails import config

pytestmark = pytest.mark.jail

ADD = '(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))'
KINDS = """
(module
  (func (export "wide") (param i64) (result i64) (local.get 0))
  (func (export "real") (param f64 f32) (result f64) (f64.add (local.get 0) (f64.promote_f32 (local.get 1))))
  (func (export "two") (result i32 i64) (i32.const -1) (i64.const 7))
  (func (export "none"))
  (func (export "fails") (unreachable))
  (global (export "number") i32 (i32.const 1)))
"""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@pytest.fixture(scope="module")
async def engine(anyio_backend: str) -> AsyncGenerator[Engine]:
    async with Engine(config(fork=True)) as opened:
        yield opened


async def run(engine: Engine, code: str | bytes, language: str = "c", **more: object) -> Result:
    return await engine.run(Program(code=code, language=language, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("c", '#include <stdio.h>\nint main(void) { puts("hello"); }'),
        ("cpp", '#include <iostream>\nint main() { std::cout << "hello" << std::endl; }'),
        ("rust", 'fn main() { println!("hello"); }'),
        (
            "wat",
            '(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))'
            '(memory (export "memory") 1) (data (i32.const 8) "\\10\\00\\00\\00\\06\\00\\00\\00hello\\n")'
            '(func (export "_start")'
            " (drop (call 0 (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)))))",
        ),
    ],
)
async def test_program_in_each_language_runs(language: str, code: str, engine: Engine) -> None:
    result = await run(engine, code, language)

    assert (result.status, result.stdout, result.isolation.runtime) == ("ok", "hello\n", "wasm")


async def test_second_run_skips_the_compiler_and_says_so(engine: Engine) -> None:
    code = "#include <stdlib.h>\nint main(int count, char **texts) { return count - 1; }"
    code += f" // {time.time_ns()}"  # that nobody has built yet

    first = await run(engine, code)
    second = await run(engine, code, args=("x",))

    assert (first.stages["compile"].cached, first.exit_code) == (False, 0)
    assert (second.stages["compile"].cached, second.exit_code) == (True, 1)


async def test_module_built_by_one_engine_is_there_for_the_next(engine: Engine) -> None:
    code = "int main(void) { return 0; } // for the next engine"
    await run(engine, code)

    async with Engine(config()) as other:
        result = await run(other, code)

    assert result.stages["compile"].cached


@pytest.mark.parametrize(
    "change",
    [
        {"code": "int main(void) { return VALUE; } // 1"},
        {"flags": ("-DVALUE=4", "-O3")},
        {"files": (File(name="value.h", data=b"// more\n"),)},
        {"language": "cpp"},
    ],
)
async def test_other_source_flag_header_or_language_is_compiled_anew(
    change: dict[str, object], engine: Engine
) -> None:
    program = Program(code="int main(void) { return VALUE; } // 0", language="c", flags=("-DVALUE=4",))
    await engine.run(program)

    same = await engine.run(program)
    other = await engine.run(msgspec.structs.replace(program, **change))

    assert (same.stages["compile"].cached, same.exit_code) == (True, 4)
    assert not other.stages["compile"].cached or other.exit_code == 4


async def test_data_does_not_make_another_program(engine: Engine) -> None:
    code = "int main(void) { return 0; } // with data"
    await run(engine, code, files=(File(name="data.csv", data=b"1"),))

    result = await run(engine, code, files=(File(name="data.csv", data=b"2"),), args=("x",), stdin=b"y")

    assert result.stages["compile"].cached


async def test_program_of_several_files_and_headers(engine: Engine) -> None:
    files = (
        File(
            name="sum.h", data=b'#pragma once\n#ifdef __cplusplus\nextern "C"\n#endif\nint sum(int, int);\n'
        ),
        File(name="lib/sum.c", data=b'#include "../sum.h"\nint sum(int a, int b) { return a + b; }\n'),
        File(name="other.cpp", data=b'#include "sum.h"\nextern "C" int twice(int a) { return sum(a, a); }\n'),
    )
    code = (
        '#include <stdio.h>\n#include "sum.h"\nint twice(int);\n'
        'int main(void) { printf("%d\\n", twice(21)); }'
    )

    result = await run(engine, code, files=files)

    assert (result.status, result.stdout, result.files) == ("ok", "42\n", ())


async def test_rust_program_with_a_module(engine: Engine) -> None:
    files = (File(name="part.rs", data=b"pub fn answer() -> i32 { 42 }\n"),)

    result = await run(
        engine, 'mod part;\nfn main() { println!("{}", part::answer()); }', "rust", files=files
    )

    assert (result.status, result.stdout) == ("ok", "42\n")


async def test_flags_of_the_policy_reach_the_compiler(engine: Engine) -> None:
    code = (
        '#include <math.h>\n#include <stdio.h>\nint main(void) { printf("%ld %d\\n", __STDC_VERSION__, N); }'
    )

    result = await run(engine, code, flags=("-std=c11", "-DN=5", "-O3", "-lm", "-Wall"))

    assert result.stdout == "201112 5\n"


async def test_flag_that_is_not_allowed_is_refused_before_anything_is_run(engine: Engine) -> None:
    with pytest.raises(ConfigError, match="does not allow the compiler flag `-I/etc`"):
        await run(engine, "int main(void) { return 0; }", flags=("-I/etc",))


async def test_input_file_with_the_name_of_the_program_is_refused(engine: Engine) -> None:
    with pytest.raises(ConfigError, match=r"`main\.c` has the name that the program has"):
        await run(engine, "int main(void) { return 0; }", files=(File(name="main.c", data=b""),))


async def test_warning_is_in_the_stage_of_a_program_that_ran(engine: Engine) -> None:
    result = await run(engine, "int main(void) { int unused; return 0; } // w", flags=("-Wall",))
    again = await run(engine, "int main(void) { int unused; return 0; } // w", flags=("-Wall",))

    assert result.ok
    assert "unused variable" in result.stages["compile"].output
    assert again.stages["compile"].output == result.stages["compile"].output


@pytest.mark.parametrize(
    ("language", "code", "message", "line"),
    [
        ("c", "int main(void) {\n  return 1 + ;\n}", "expected expression", 2),
        (
            "cpp",
            "#include <vector>\n\nint main() { std::vector<int> v; v.none(); }",
            "no member named 'none'",
            3,
        ),
        ("rust", 'fn main() {\n    println!("{}", none);\n}', "cannot find value `none`", 2),
        ("c", "int other(void) { return 0; }", "undefined symbol: main", None),
        ("c", "int none(void);\nint main(void) { return none(); }", "undefined symbol: none", None),
        ("c", '#include "none.h"\nint main(void) { return 0; }', "'none.h' file not found", 1),
        ("wat", "(module (func (export", "not a valid module", None),
        ("wasm", "text", "not a WebAssembly module", None),
        ("wasm", b"\0asm\1\0\0\0\xff\xff\xff", "not a valid module", None),
        ("wasm", b"\0asm\1\0\0", "version", None),
        ("wasm", b"\0asm\x0d\0\1\0", "only core modules", None),
    ],
)
async def test_what_cannot_be_built_is_an_error_with_its_line(
    language: str, code: str | bytes, message: str, line: int | None, engine: Engine
) -> None:
    result = await run(engine, code, language)

    assert (result.status, result.reason) == ("error", "compile-failed")
    assert result.error is not None
    assert message in result.error.message
    assert (result.error.type, result.error.line) == ("CompileError", line)
    assert message in result.stderr
    assert result.stages.keys() == {"compile"}
    assert result.stages["compile"].output == result.stderr


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("#include <stdlib.h>\nint main(void) { abort(); }", "unreachable"),
        ("int main(int n, char **t) { volatile int z = n - 1; return 100 / z; }", "division-by-zero"),
        (
            "int main(int n, char **t) { volatile int m = -1; volatile int l = 1 << 31; return l / m; }",
            "integer-overflow",
        ),
        ("int main(void) { return *(volatile int *)0xfffffff0; }", "out-of-bounds"),
        ("int main(int n, char **t) { int (*volatile f)(void) = 0; return f(); }", "bad-call"),
        (
            "int f(volatile int *p) { volatile int q = *p; return f(&q) + q; }\n"
            "int main(void) { int x = 1; return f(&x); }",
            "stack-overflow",
        ),
    ],
)
async def test_trap_is_a_crash_with_its_reason(code: str, reason: str, engine: Engine) -> None:
    result = await run(engine, code)

    assert (result.status, result.reason, result.exit_code) == ("crashed", reason, 134)
    assert result.error is not None
    assert result.error.type == "Trap"
    assert "at " in result.error.traceback
    assert result.stderr.endswith(result.error.traceback)


@pytest.mark.parametrize(
    ("name", "args", "value"),
    [
        ("wide", ("-5",), -5),
        ("wide", ("0xffffffffffffffff",), -1),
        ("real", ("0.5", "0.25"), 0.75),
        ("two", (), [-1, 7]),
    ],
)
async def test_exported_function_is_called_with_typed_arguments(
    name: str, args: tuple[str, ...], value: object, engine: Engine
) -> None:
    result = await run(engine, KINDS, "wat", call=name, args=args)

    assert (result.status, result.value) == ("ok", value)


async def test_function_without_a_result_has_no_value(engine: Engine) -> None:
    result = await run(engine, KINDS, "wat", call="none")

    assert (result.status, result.value) == ("ok", None)


@pytest.mark.parametrize(
    ("name", "args", "message"),
    [
        ("missing", (), "no exported function `missing`; there are: wide(i64) -> i64"),
        ("number", (), "no exported function `number`"),
        ("wide", (), "`wide(i64) -> i64` was given 0 arguments"),
        ("wide", ("1", "2"), "was given 2 arguments"),
        ("wide", ("1.5",), "`1.5` is no i64"),
        ("wide", ("0x10000000000000000",), "is no i64"),
        ("real", ("x", "1"), "`x` is no f64"),
    ],
)
async def test_call_that_does_not_fit_is_an_error_that_says_why(
    name: str, args: tuple[str, ...], message: str, engine: Engine
) -> None:
    result = await run(engine, KINDS, "wat", call=name, args=args)

    assert (result.status, result.exit_code) == ("error", 1)
    assert message in result.stderr


async def test_trap_in_a_called_function_is_a_crash(engine: Engine) -> None:
    result = await run(engine, KINDS, "wat", call="fails")

    assert (result.status, result.reason) == ("crashed", "unreachable")


async def test_module_without_a_beginning_names_what_can_be_called(engine: Engine) -> None:
    result = await run(engine, ADD, "wat")

    assert (result.status, result.exit_code) == ("error", 1)
    assert "the module has no `_start`; functions that can be called: add" in result.stderr


async def test_limits_of_the_compile_stage_are_its_own(engine: Engine) -> None:
    spin = "constexpr long f() { long n = 0; for (long i = 0; i < 1000000000; ++i) n += i; return n; }"
    code = f"{spin}\nstatic_assert(f() != 1);\nint main() {{ return 0; }}"
    policy = Policy(compile=Compile(wall_seconds=0.5))

    result = await engine.run(Program(code=code, language="cpp"), policy)

    assert result.status in ("timeout", "error")
    small = Policy(limits=Limits(memory_mib=32, wall_seconds=5), compile=Compile())
    fitting = await engine.run(Program(code="int main() { return 0; } // small", language="cpp"), small)
    assert fitting.ok


async def test_memory_limit_of_the_compile_stage_is_hit(engine: Engine) -> None:
    policy = Policy(compile=Compile(memory_mib=24))

    code = '#include <regex>\nint main() { return std::regex_match("a", std::regex("a")); }'
    result = await engine.run(Program(code=code, language="cpp"), policy)

    assert result.status in ("memory", "error")
    assert not result.ok


CONTEST = """
#include <bits/stdc++.h>
using namespace std;
typedef long long ll;
int big[1000001];
int main() {
    ios::sync_with_stdio(false);
    cin.tie(nullptr);
    int n, q;
    cin >> n >> q;
    vector<ll> a(n);
    for (auto &x : a) cin >> x;
    map<ll, int> count;
    unordered_map<string, int> names;
    for (ll x : a) count[x]++, names[to_string(x)]++;
    sort(a.begin(), a.end(), greater<>());
    priority_queue<ll> heap(a.begin(), a.end());
    for (int i = 2; i <= 1000000; i++) if (!big[i]) for (ll j = (ll)i * i; j <= 1000000; j += i) big[j] = 1;
    while (q--) {
        int k;
        cin >> k;
        cout << a[k - 1] << ' ' << count[a[k - 1]] << ' ' << !big[k] << '\\n';
    }
    cout << fixed << setprecision(3) << accumulate(a.begin(), a.end(), 0.0) / n << ' ' << heap.top() << endl;
}
"""


async def test_program_from_a_contest_runs_unchanged(engine: Engine) -> None:
    numbers = [number * 7919 % 100_003 for number in range(100_000)]
    text = f"{len(numbers)} 2\n{' '.join(map(str, numbers))}\n3 7\n"

    result = await run(engine, CONTEST, "cpp", stdin=text.encode())

    ordered = sorted(numbers, reverse=True)
    mean = sum(numbers) / len(numbers)
    assert result.stdout == f"{ordered[2]} 1 1\n{ordered[6]} 1 1\n{mean:.3f} {ordered[0]}\n"


async def test_fast_input_and_output_in_c(engine: Engine) -> None:
    code = """
#include <stdio.h>
static int numbers[200000];
int main(void) {
  int n;
  long long sum = 0;
  scanf("%d", &n);
  for (int i = 0; i < n; i++) scanf("%d", numbers + i), sum += numbers[i];
  for (int i = n; i--;) printf("%d\\n", numbers[i]);
  printf("%lld\\n", sum);
}
"""
    numbers = range(200_000)
    text = "\n".join(map(str, [len(numbers), *numbers]))

    result = await run(engine, code, stdin=text.encode())

    assert result.stdout == "\n".join(map(str, [*reversed(numbers), sum(numbers)])) + "\n"


@pytest.mark.parametrize(
    ("language", "code", "words"),
    [
        ("cpp", "int main() { try { throw 1; } catch (int) {} }", "exceptions"),
        ("cpp", "#include <thread>\nint main() { std::thread t([] {}); t.join(); }", "threads"),
        (
            "c",
            "#include <pthread.h>\nstatic void *f(void *x) { return x; }\n"
            "int main(void) { pthread_t t; return pthread_create(&t, 0, f, 0); }",
            "",
        ),
        (
            "c",
            "#include <sys/socket.h>\nint main(void) { return socket(AF_INET, SOCK_STREAM, 0); }",
            "sockets",
        ),
        ("c", "#include <setjmp.h>\nint main(void) { jmp_buf b; return setjmp(b); }", ""),
        ("c", "#include <unistd.h>\nint main(void) { return fork(); }", "processes"),
    ],
)
async def test_what_webassembly_lacks_is_a_compile_error(
    language: str, code: str, words: str, engine: Engine
) -> None:
    result = await run(engine, code, language)

    print(result.status, result.reason, result.exit_code, result.stderr[:600], result.hint)
    assert not result.ok
    assert words in (result.hint or "")


async def test_threads_of_rust_are_refused_when_they_are_made(engine: Engine) -> None:
    code = "fn main() { std::process::exit(std::thread::Builder::new().spawn(|| {}).is_err() as i32 + 4); }"

    result = await run(engine, code, "rust")

    assert result.exit_code == 5


@pytest.mark.parametrize(
    ("language", "flag"),
    [
        *(
            ("c", flag)
            for flag in ("-O0", "-O1", "-O2", "-O3", "-Os", "-std=c11", "-DX", "-UX", "-lm", "-Wall")
        ),
        *(("c", flag) for flag in ("-Wextra", "-Werror", "-Wno-unused", "-pedantic", "-ffast-math")),
        *(("cpp", flag) for flag in ("-O3", "-std=c++20", "-DX")),
        *(("rust", flag) for flag in ("--edition=2018", "--edition=2021", "--cfg=x", "-Copt-level=3")),
    ],
)
async def test_flag_that_is_allowed_is_one_that_works(engine: Engine, language: str, flag: str) -> None:
    code = "fn main() {}" if language == "rust" else "int main(void) { return 0; }"

    result = await run(engine, code, language, flags=(flag,))

    assert result.ok, result.stderr

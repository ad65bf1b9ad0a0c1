"""The programs of checks in JavaScript, and those in TypeScript where types make a difference."""

from ._check import Language

#: A small program peaks at 20 to 40 MiB, one that uses much of Node at 66; the rest is room.
_OWN_MEMORY_MIB = 96
#: What the runtime grants on top because the engine needs some, so that the program is left its own.
_OWN_DESCRIPTORS = 64

JAVASCRIPT = Language(
    name="javascript",
    error_type="TypeError",
    own_memory_mib=_OWN_MEMORY_MIB,
    own_descriptors=_OWN_DESCRIPTORS,
    snippets={
        "streams": "console.log('out')\nconsole.error('err')",
        "silent": ";",
        "exit": "Deno.exit(Number(Deno.args[0]))",
        "echo": "await Deno.stdin.readable.pipeTo(Deno.stdout.writable)",
        "digest": (
            "import { createHash } from 'node:crypto'\n"
            "const hash = createHash('sha256')\n"
            "for await (const chunk of Deno.stdin.readable) hash.update(chunk)\n"
            "console.log(hash.digest('hex'))"
        ),
        "arguments": (
            "const encoder = new TextEncoder()\n"
            "for (const text of Deno.args) Deno.stdout.writeSync(encoder.encode(text + '\\0'))"
        ),
        "variables": (
            "for (const [name, value] of Object.entries(Deno.env.toObject())) {\n"
            "  Deno.stdout.writeSync(new TextEncoder().encode(`${name}=${value}\\0`))\n"
            "}"
        ),
        "value": "({ number: 42, list: [1, 2.5, 'é'], nothing: null })",
        "error": "const number = 1\nthrow new TypeError('wrong')",
        "syntax-error": "const number = 1\nconst = = 2",
        "read": (
            "const file = await Deno.open(Deno.args[0])\nawait file.readable.pipeTo(Deno.stdout.writable)"
        ),
        "overwrite": (
            "try {\n  Deno.writeTextFileSync(Deno.args[0], '')\n  console.log('written')\n"
            "} catch {\n  console.log('refused')\n}"
        ),
        "tree": (
            "import { mkdirSync, writeFileSync } from 'node:fs'\n"
            "mkdirSync('sub/deep', { recursive: true })\n"
            "writeFileSync('top.txt', 'top')\n"
            "writeFileSync('sub/deep/bytes.bin', Uint8Array.from({ length: 256 }, (_, index) => index))\n"
            "writeFileSync('empty', '')"
        ),
        "odd-names": (
            "for (const name of ['-rf', '$(id)', 'a b', 'é', 'n\\nl']) Deno.writeTextFileSync(name, 'x')"
        ),
        "sparse": (
            "const file = Deno.openSync('sparse', { create: true, write: true })\n"
            "file.truncateSync(Number(Deno.args[0]))"
        ),
        "write": (
            "const content = new Uint8Array(Number(Deno.args[1])).fill(120)\n"
            "for (let number = 0; number < Number(Deno.args[0]); number++) {\n"
            "  Deno.writeFileSync(`file-${number}`, content)\n"
            "}"
        ),
        "sleep": (
            "await new Promise((resolve) => setTimeout(resolve, 1000 * Number(Deno.args[0])))\n"
            "console.log('awake')"
        ),
        "burn": (
            "const begin = process.cpuUsage()\n"
            "const used = () => process.cpuUsage(begin)\n"
            "while (used().user + used().system < 1e6 * Number(Deno.args[0]));\n"
            "console.log('burnt')"
        ),
        "allocate": (
            "const filled = new Uint8Array(Number(Deno.args[0]) << 20).fill(120)\nconsole.log('allocated')"
        ),
        "open": (
            "const files = []\n"
            "for (let count = 0; count < Number(Deno.args[0]); count++) {\n"
            "  files.push(Deno.openSync('file', { create: true, write: true }))\n"
            "}\n"
            "console.log('opened')"
        ),
        "print": ("await new Blob(['x'.repeat(Number(Deno.args[0]))]).stream().pipeTo(Deno.stdout.writable)"),
        "flood": "for (;;) console.log('x'.repeat(99))",
        "lines": "for (let number = 0; number < 100; number++) console.log(number)",
        "wait": "console.log('ready')\nawait new Promise((resolve) => setTimeout(resolve, 60_000))",
        "residue": (
            "import { existsSync, writeFileSync } from 'node:fs'\n"
            "const [name] = Deno.args\n"
            "console.log(existsSync(name) ? 'residue' : 'clean')\n"
            "writeFileSync(name, '')"
        ),
    },
)

TYPESCRIPT = Language(
    name="typescript",
    error_type=JAVASCRIPT.error_type,
    own_memory_mib=JAVASCRIPT.own_memory_mib,
    own_descriptors=JAVASCRIPT.own_descriptors,
    snippets={
        "streams": (
            "const say = (write: (text: string) => void, text: string): void => write(text)\n"
            "say(console.log, 'out')\nsay(console.error, 'err')"
        ),
        "silent": "interface Nothing {}\ntype None = Nothing | undefined",
        "exit": "const code: number = Number(Deno.args[0])\nDeno.exit(code)",
        "arguments": (
            "const encode = <T extends string>(text: T) => new TextEncoder().encode(`${text}\\0`)\n"
            "for (const text of Deno.args as readonly string[]) Deno.stdout.writeSync(encode(text))"
        ),
        # An enum is no type to be left out: it becomes an object.
        "value": (
            "enum Answer { number = 42 }\n"
            "interface Value { number: Answer; list: (number | string)[]; nothing: null }\n"
            "({ number: Answer.number, list: [1, 2.5, 'é'], nothing: null }) satisfies Value"
        ),
        "error": "type Text = string; const text: Text = 'wrong'\nthrow new TypeError(text as string)",
        "syntax-error": "const number: number = 1\nconst : number = = 2",
        "wait": (
            "console.log('ready' as const)\nawait new Promise<void>((resolve) => setTimeout(resolve, 60_000))"
        ),
    },
)

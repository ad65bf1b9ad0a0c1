"""The programs that checks run: what each must do, and how it is written in Python and in bash."""

from ._check import Language

#: Every snippet that a check can need. "Prints" means to stdout; `ARG1` is the first argument.
SNIPPETS = {
    "streams": "prints the line `out`, and the line `err` to stderr",
    "silent": "does nothing",
    "exit": "exits with code ARG1",
    "signal": "ends itself by the signal SIGSEGV",
    "echo": "copies stdin to stdout, byte by byte",
    "digest": "prints the SHA-256 of stdin in hexadecimal digits, then a line end",
    "arguments": "prints each argument, each followed by a NUL byte",
    "variables": "prints the environment as `NAME=value`, each followed by a NUL byte",
    "value": "has the value {'number': 42, 'list': [1, 2.5, 'é'], 'nothing': None}",
    "error": "raises `ValueError('wrong')` in its second line, caught by nobody",
    "syntax-error": "cannot be parsed because of its second line",
    "exit-text": "exits with the text `gave up` instead of a code",
    "read": "prints the content of the file ARG1",
    "overwrite": "tries to write to the file ARG1 and prints the line `written` or `refused`",
    "tree": "writes `top.txt` (`top`), `sub/deep/bytes.bin` (bytes 0 to 255) and `empty` (nothing)",
    "odd-names": "writes `x` to files named `-rf`, `$(id)`, `a b`, `é`, a line feed between `n` and `l`",
    "odd-kinds": "writes `plain`, makes a link `link`, a FIFO `fifo`, and a hard link of `one` named `two`",
    "sparse": "makes a file `sparse` of ARG1 bytes without content",
    "write": "writes ARG1 files of ARG2 bytes named `file-0`, ...; exits with a code above 0 if it cannot",
    "sleep": "waits ARG1 seconds, then prints the line `awake`",
    "burn": "uses ARG1 seconds of cpu time, then prints the line `burnt`",
    "allocate": "fills ARG1 MiB of memory, then prints the line `allocated`",
    "children": "has ARG1 child processes at once, then prints the line `started`; fails if it cannot",
    "open": "opens ARG1 descriptors at once, then prints the line `opened`; fails if it cannot",
    "print": "prints ARG1 times the letter `x`",
    "flood": "prints lines for ever",
    "lines": "prints the lines `0` to `99`, each at once",
    "wait": "prints the line `ready` at once, then waits for a minute",
    "daemon": "leaves a process behind that holds stdout open for a minute; prints the line `done`",
    "residue": "prints `clean`, or `residue` if the file ARG1 exists, and makes that file",
}

PYTHON = Language(
    name="python",
    snippets={
        "streams": "import sys\nprint('out')\nprint('err', file=sys.stderr)",
        "silent": "pass",
        "exit": "import sys\nsys.exit(int(sys.argv[1]))",
        "signal": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
        "echo": "import shutil, sys\nshutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)",
        "digest": "import hashlib, sys\nprint(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())",
        "arguments": "import os, sys\nfor text in sys.argv[1:]:\n    os.write(1, os.fsencode(text) + b'\\0')",
        "variables": "import os\nfor pair in os.environb.items():\n    os.write(1, b'='.join(pair) + b'\\0')",
        "value": "{'number': 42, 'list': [1, 2.5, 'é'], 'nothing': None}",
        "error": "number = 1\nraise ValueError('wrong')",
        "syntax-error": "number = 1\nnumber = = 2",
        "exit-text": "raise SystemExit('gave up')",
        "read": "import sys\nsys.stdout.buffer.write(open(sys.argv[1], 'rb').read())\nresult = None",
        "overwrite": (
            "import sys\n"
            "try:\n    open(sys.argv[1], 'w').close()\n    print('written')\n"
            "except OSError:\n    print('refused')"
        ),
        "tree": (
            "import os, pathlib\n"
            "os.makedirs('sub/deep')\n"
            "pathlib.Path('top.txt').write_text('top')\n"
            "pathlib.Path('sub/deep/bytes.bin').write_bytes(bytes(range(256)))\n"
            "pathlib.Path('empty').touch()"
        ),
        "odd-names": "for name in ('-rf', '$(id)', 'a b', 'é', 'n\\nl'):\n    open(name, 'w').write('x')",
        "odd-kinds": (
            "import os\n"
            "open('plain', 'w').write('x')\n"
            "os.symlink('plain', 'link')\n"
            "os.mkfifo('fifo')\n"
            "open('one', 'w').write('x')\n"
            "os.link('one', 'two')"
        ),
        "sparse": "import sys\nopen('sparse', 'wb').truncate(int(sys.argv[1]))",
        "write": (
            "import sys\n"
            "for number in range(int(sys.argv[1])):\n"
            "    with open(f'file-{number}', 'wb') as file:\n"
            "        file.write(b'x' * int(sys.argv[2]))"
        ),
        "sleep": "import sys, time\ntime.sleep(float(sys.argv[1]))\nprint('awake')",
        "burn": "import sys, time\nwhile time.process_time() < float(sys.argv[1]): pass\nprint('burnt')",
        "allocate": "import sys\nfilled = b'x' * (int(sys.argv[1]) << 20)\nprint('allocated')",
        "children": (
            "import os, sys, time\n"
            "for _ in range(int(sys.argv[1])):\n"
            "    if os.fork() == 0:\n        time.sleep(60)\n        os._exit(0)\n"
            "print('started')"
        ),
        "open": (
            "import os, sys\n"
            "for _ in range(int(sys.argv[1])):\n    os.open('/dev/null', os.O_RDONLY)\n"
            "print('opened')"
        ),
        "print": "import sys\nsys.stdout.write('x' * int(sys.argv[1]))\nresult = None",
        "flood": "while True: print('x' * 99)",
        "lines": "for number in range(100): print(number, flush=True)",
        "wait": "import time\nprint('ready', flush=True)\ntime.sleep(60)",
        "daemon": (
            "import os, time\n"
            "if os.fork() == 0:\n    os.setsid()\n    time.sleep(60)\n    os._exit(0)\n"
            "print('done')"
        ),
        "residue": (
            "import os, sys\n"
            "print('residue' if os.path.exists(sys.argv[1]) else 'clean')\n"
            "open(sys.argv[1], 'w').close()"
        ),
    },
)

BASH = Language(
    name="bash",
    snippets={
        "streams": "echo out\necho err >&2",
        "silent": ":",
        "exit": 'exit "$1"',
        "signal": "kill -SEGV $$",
        "echo": "cat",
        "arguments": "for text; do printf '%s\\0' \"$text\"; done",
        "read": 'cat -- "$1"',
        "tree": (
            "mkdir -p sub/deep; printf top > top.txt; : > empty\n"
            'for ((n = 0; n < 256; n++)); do printf "\\\\x$(printf %x $n)"; done > sub/deep/bytes.bin'
        ),
        "sleep": 'sleep "$1"; echo awake',
        "print": "printf 'x%.0s' $(seq \"$1\")",
        "flood": "while :; do echo xxxxxxxxxx; done",
        "lines": "for ((n = 0; n < 100; n++)); do echo $n; done",
        "wait": "echo ready; sleep 60",
        "daemon": "setsid sleep 60 & echo done",
        "residue": 'if [[ -e $1 ]]; then echo residue; else echo clean; fi; : > "$1"',
    },
)

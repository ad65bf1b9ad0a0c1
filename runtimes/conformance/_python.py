"""The programs of checks in Python, for an interpreter on the system and for one inside V8."""

from ._check import Language

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
        "burn": (
            "import sys, time\n"
            "begin = time.process_time()\n"
            "while time.process_time() - begin < float(sys.argv[1]): pass\n"
            "print('burnt')"
        ),
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

#: What a process of the system can do and an interpreter inside V8 cannot: children, signals, links, FIFOs.
_NATIVE = frozenset({"children", "daemon", "odd-kinds", "signal"})
#: Devices are the interpreter's own there: only a file takes a descriptor.
_OPEN = (
    "import os, sys\n"
    "for _ in range(int(sys.argv[1])):\n    os.open('file', os.O_WRONLY | os.O_CREAT)\n"
    "print('opened')"
)

#: Python that runs in V8. A program that does nothing peaks at 125 MiB; half as much again is room.
PYODIDE = Language(
    name="python",
    own_memory_mib=192,
    own_descriptors=64,
    snippets={
        **{name: text for name, text in PYTHON.snippets.items() if name not in _NATIVE},
        "open": _OPEN,
    },
)

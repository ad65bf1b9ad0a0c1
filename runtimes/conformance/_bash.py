"""The programs of checks in bash."""

from ._check import Language

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

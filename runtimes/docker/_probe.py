"""Prove from inside that a container contains, before the first program gets one."""

import msgspec

from engine import Result

#: Prints `held` or `FAILED` and a sentence for each check. In plain `sh`, as any of our images has it.
PROBE = r"""
say() { if eval "$2"; then echo "held $1"; else echo "FAILED $1"; fi; }
field() { sed -n "s/^$1:[[:space:]]*//p" /proc/self/status; }
say 'host files are out of sight' '[ ! -e CANARY ]'
say 'not root' '[ "$(id -u)" != 0 ] && [ "$(id -g)" != 0 ]'
for set in CapInh CapPrm CapEff CapBnd CapAmb; do
    say "no capability in $set" '[ "$(field $set)" = 0000000000000000 ]'
done
say 'no new privileges' '[ "$(field NoNewPrivs)" = 1 ]'
say 'system calls are filtered' '[ "$(field Seccomp)" = 2 ]'
say 'no network but a loopback' '[ "$(sed 1,2d /proc/net/dev | sed "s/:.*//" | tr -d " ")" = lo ]'
say 'no route' '[ "$(wc -l </proc/net/route)" -le 1 ]'
say 'the root is read-only' '! (: >/canary) 2>/dev/null && ! mkdir /etc/canary 2>/dev/null'
say 'no socket of a daemon' '[ ! -e /var/run/docker.sock ] && [ ! -e /run/podman/podman.sock ]'
say 'an init is the first process' '[ "$(tr "\0" "\n" </proc/1/cmdline | head -n 1)" != /bin/sh ]'
say 'the bytes of files are limited' '[ "$(stat -f -c "%b" /tmp)" -le 1024 ]'
say 'the number of files is limited' '[ "$(stat -f -c "%c" /tmp)" -le 64 ]'
say 'no core dumps' '[ "$(ulimit -c)" = 0 ]'
"""


def checked(result: Result) -> Result:
    """Return the result of the probe with its lines as checks by name."""
    lines = [line.partition(" ") for line in result.stdout.splitlines()]
    checks = {name: held == "held" for held, _, name in lines}
    whole = result.ok and len(checks) == PROBE.count("say '") + 4 + PROBE.count('say "')
    return msgspec.structs.replace(result, value=checks if whole else None)

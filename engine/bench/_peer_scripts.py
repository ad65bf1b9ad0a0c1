"""Programs that measure other people's packages from inside: each prints milliseconds by path, as JSON.

They run in the interpreter that runs us, if it has the package; none of them is a dependency. Importing the
package is not measured. `first` is the first sandbox of the process, `cold` another one after it, `warm` one
that was started ahead, `session` a second program in the same sandbox.
"""

_FRAME = """
import json, sys, time

taken = {}

def keep(path, begin, said):
    taken[path] = (time.perf_counter() - begin) * 1000
    text = said.decode() if isinstance(said, bytes) else str(said)
    if text.strip() != "2":
        raise SystemExit(f"it said {text[:80]!r}")

def take(path, work):
    begin = time.perf_counter()
    keep(path, begin, work())

BODY
print(json.dumps(taken))
"""

_JUPYTER = """
from jupyter_client.manager import start_new_kernel

kept = []

def run():
    said = []

    def hear(message):
        if message["msg_type"] == "stream":
            said.append(message["content"]["text"])

    kept[-1][1].execute_interactive("print(1+1)", timeout=60, output_hook=hear)
    return "".join(said)

def start():
    kept.append(start_new_kernel())
    return run()

take("cold", start)
take("session", run)
kept[-1][1].stop_channels()
kept[-1][0].shutdown_kernel(now=True)
"""

#: Its own image would have to be fetched. Ours has everything but the name `python`.
_LLM_SANDBOX = """
from llm_sandbox import SandboxSession

CONTAINER = {
    "command": ["sh", "-c", "ln -s $(command -v python3) /usr/local/bin/python; sleep 3600"],
    "network_mode": "none",
}
kept = []

def run():
    return kept[-1].run("print(1+1)").stdout

def start():
    kept.append(
        SandboxSession(
            lang="python", image=sys.argv[1], skip_environment_setup=True, runtime_configs=CONTAINER
        )
    )
    kept[-1].open()
    return run()

try:
    take("cold", start)
    take("session", run)
finally:
    for session in kept:
        session.close()
"""

_ERYX = """
import eryx

def run():
    return eryx.Sandbox().execute("print(1+1)").stdout

take("first", run)
take("cold", run)
"""

#: Its pool keeps workers ready.
_MONTY = """
from pydantic_monty import Monty

pools = []

def run():
    with pools[-1].checkout() as session:
        return session.feed_run("1+1")

def start():
    pools.append(Monty().__enter__())
    return run()

try:
    take("first", start)
    time.sleep(0.1)
    take("warm", run)
    with pools[-1].checkout() as session:
        session.feed_run("1+1")
        take("session", lambda: session.feed_run("1+1"))
finally:
    pools[-1].__exit__(None, None, None)
"""

_MICROSANDBOX = """
import asyncio, os
from microsandbox import PullPolicy, Sandbox

COMMAND = "python3 -c 'print(1+1)'"

async def main():
    begin = time.perf_counter()
    made = Sandbox.create(
        f"isorun-bench-{os.getpid()}", image="python", pull_policy=PullPolicy.NEVER, ephemeral=True
    )
    async with await made as sandbox:
        for path in ("cold", "session"):
            output = await sandbox.shell(COMMAND)
            keep(path, begin, output.stdout_text)
            begin = time.perf_counter()

asyncio.run(main())
"""


def script(body: str) -> str:
    """Return a whole program."""
    return _FRAME.replace("BODY", body)


JUPYTER = script(_JUPYTER)
LLM_SANDBOX = script(_LLM_SANDBOX)
ERYX = script(_ERYX)
MONTY = script(_MONTY)
MICROSANDBOX = script(_MICROSANDBOX)

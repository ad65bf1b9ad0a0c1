"""Prove once that a program in Deno has nothing but its working folders, whatever the jail would hide."""

#: Each check is a name and whether it held. `CANARY` is a file of the host that anybody may read.
JAVASCRIPT = """
const refused = (call) => { try { call(); return false; } catch { return true; } };
const imports = async (specifier, type) => {
  const text = `import t from ${JSON.stringify(specifier)} with { type: "${type}" }; export default t`;
  return await import(`data:text/javascript,${encodeURIComponent(text)}`).then(() => false, () => true);
};
const state = (name) => Deno.permissions.querySync({ name }).state;
export default {
  "host files are out of sight": refused(() => Deno.readTextFileSync(CANARY)),
  "host files cannot be imported": await imports("file://" + CANARY, "text"),
  "nothing is fetched": await imports("https://example.com/a.json", "json"),
  "the guest code is out of sight": refused(() => [...Deno.readDirSync("/opt/tools")]),
  "processes are out of sight": refused(() => [...Deno.readDirSync("/proc")]),
  "no programs are started": refused(() => new Deno.Command("/bin/true").outputSync()),
  "no libraries are loaded": refused(() => Deno.dlopen("libc.so.6", {})),
  "no connections are made": await Deno.connect({ port: 9 }).then(() => false, () => true),
  "nothing is granted on request": Deno.permissions.requestSync({ name: "import" }).state !== "granted",
  "permissions are those that were given": ["run", "ffi", "net", "sys", "read", "write", "import"].every(
    (name) => state(name) !== "granted"),
  "only the working folders can be written": refused(() => Deno.writeTextFileSync("/canary", "")) &&
    !refused(() => Deno.writeTextFileSync("/box/work/canary", "")),
};
"""

#: The same through the doors that Pyodide leaves open.
PYTHON = """
from js import Deno, Object

def refused(call, *arguments):
    try:
        call(*arguments)
    except BaseException:
        return True
    return False

def state(name):
    return Deno.permissions.querySync(Object.fromEntries([["name", name]])).state

result = {
    "host files are out of sight": refused(open, CANARY) and refused(Deno.readTextFileSync, CANARY),
    "the distribution is out of sight": refused(Deno.readDirSync, "/opt/tools/pyodide"),
    "no libraries are loaded": refused(Deno.dlopen, "libc.so.6", Object.new()),
    "permissions are those that were given": all(
        state(name) != "granted" for name in ("run", "ffi", "net", "sys", "read", "write", "import", "env")),
}
"""

/*
Reach anything over a network: the host's loopback, its sockets, its neighbours, a cloud's metadata.

rows = [8, 9, 10, 11]
*/

import dgram from "node:dgram";
import dns from "node:dns/promises";
import http from "node:http";
import net from "node:net";
import tls from "node:tls";
import { attempt, outcome } from "./attempts.js";

const { CANARY_PORT, CANARY_SOCKET, CANARY_SOCKET_PATH } = Deno.env.toObject();
const port = Number(CANARY_PORT);
const PATHS = [CANARY_SOCKET_PATH, "/var/run/docker.sock", `\0${CANARY_SOCKET}`, "/box/own.sock"];

for (const hostname of ["127.0.0.1", "localhost", "[::1]", "0x7f000001", "169.254.169.254", "10.0.0.1", "1.1.1.1"]) {
  await attempt(`fetch ${hostname}`, async () => (await fetch(`http://${hostname}:${port}/`)).text());
  await attempt(`connect to ${hostname}`, () => Deno.connect({ hostname, port }));
  await attempt(`connect to ${hostname} by TLS`, () => Deno.connectTls({ hostname, port }));
  await attempt(`listen at ${hostname}`, () => Deno.listen({ hostname, port: 0 }));
  await attempt(`listen for datagrams at ${hostname}`, () => Deno.listenDatagram({ hostname, port: 0, transport: "udp" }));
  await attempt(`node connects to ${hostname}`, () => answered(net.connect(port, hostname)));
  await attempt(`node connects to ${hostname} by TLS`, () => answered(tls.connect(port, hostname)));
  await attempt(`node asks ${hostname}`, () => answered(http.get(`http://${hostname}:${port}`), "response"));
  await attempt(`web socket to ${hostname}`, () => answered(new WebSocket(`ws://${hostname}:${port}`), "open"));
  await attempt(`events of ${hostname}`, () => answered(new EventSource(`http://${hostname}:${port}`), "open"));
  await attempt(`datagram to ${hostname}`, () => sent(hostname));
}
for (const path of PATHS) {
  await attempt(`connect to ${path}`, () => Deno.connect({ transport: "unix", path }));
  await attempt(`listen at ${path}`, () => Deno.listen({ transport: "unix", path }));
  await attempt(`node connects to ${path}`, () => answered(net.connect(path)));
  await attempt(`node listens at ${path}`, () => answered(net.createServer().listen(path), "listening"));
}
await attempt("resolve a name", () => Deno.resolveDns("example.com", "A"));
await attempt("node resolves a name", () => dns.lookup("example.com"));
await attempt("serve", () => Deno.serve({ port: 0 }, () => new Response("x")));
await attempt("node serves", () => answered(http.createServer().listen(0), "listening"));
await attempt("interfaces", () => Deno.networkInterfaces());
await attempt("node interfaces", async () => Object.keys((await import("node:os")).networkInterfaces()).length);
await attempt("a client with a proxy", () => Deno.createHttpClient({ proxy: { url: "http://127.0.0.1" } }) && false);

/** Wait for an event of a node emitter or of a web target; end it then. */
function answered(source, event = "connect") {
  return new Promise((resolve, reject) => {
    const listen = (source.on ?? source.addEventListener).bind(source);
    listen(event, () => resolve(`${event} came`));
    listen("error", reject);
  }).finally(() => (source.destroy ?? source.close).call(source));
}

function sent(hostname) {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket("udp4").on("error", reject);
    socket.send("x", port, hostname, (error) => (error ? reject(error) : resolve("sent")));
  });
}

outcome();

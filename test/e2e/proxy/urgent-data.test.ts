import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { startHere } from "../../support/in-process.js";
import { Device } from "../../support/net.js";
import { missing } from "../../support/peers.js";

/** Node has no way to send or to take urgent data. */
const CLIENT = `
import socket, sys
c = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
f = c.makefile("rb")
f.readline()
c.sendall(b"CONN 127.0.0.1:" + sys.argv[2].encode() + b"\\n")
f.readline()
c.sendall(b"abc")
c.send(b"ghiX", socket.MSG_OOB)
c.sendall(b"def")
c.shutdown(socket.SHUT_WR)
sys.stdin.read()
`;

test("the urgent byte of a client is lost, as docs/protocol.md says, and nothing else", {
  skip: missing("python3"),
}, async () => {
  const device = await Device.open();
  const daemon = await startHere("-N", "http://127.0.0.1:1");
  const client = spawn("python3", ["-c", CLIENT, String(daemon.port), String(device.port)], {
    stdio: ["pipe", "inherit", "inherit"],
  });
  const remote = await device.client();
  assert.equal(await remote.rest(), "abcghidef");
  client.stdin.end();
  await once(client, "close");
  device.close();
  await daemon.discard();
});

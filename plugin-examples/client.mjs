// Prints what a device sends, through sockproxyd: client.mjs host:port [proxy port]. SPDX-License-Identifier: MIT
import { connect } from "node:net";

const [target, port = "2504"] = process.argv.slice(2);
const expected = ["OK TOGGLEDBITS-SOCKPROXY", "OK CONN"];
const socket = connect(Number(port), "127.0.0.1");
let rest = Buffer.alloc(0);
for await (const chunk of socket) {
  rest = Buffer.concat([rest, chunk]);
  for (let end = rest.indexOf(10); expected.length > 0 && end >= 0; end = rest.indexOf(10)) {
    const line = rest.toString("utf8", 0, end);
    rest = rest.subarray(end + 1);
    if (!line.startsWith(expected.shift())) throw new Error(line);
    if (expected.length > 0) socket.write(`CONN ${target}\n`);
  }
  if (expected.length > 0) continue;
  process.stdout.write(rest);
  rest = rest.subarray(rest.length);
}
if (expected.length > 0) throw new Error("the proxy has closed the connection");

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { SocketTable } from "#src/socket-table.js";
import { ManualClock } from "./support/clock.js";
import { ConfigFile } from "./support/config.js";

/** Rows as the kernel prints them: the n-th has n bytes unread; each TIME_WAIT row between is nobody's. */
function table(count: number): string {
  const row = (n: number, state: string, unread: number, timer: string): string => {
    const queue = unread.toString(16).toUpperCase().padStart(8, "0");
    return `${String(n).padStart(4)}: 0100007F:D431 0100007F:09C8 ${state} 00000000:${queue} ${timer}:00000000 00000000     0        0 1 1\n`;
  };
  const rows = Array.from({ length: count }, (_, n) => row(n, "01", n, "00") + row(n, "06", 0, "03"));
  return `  sl  local_address rem_address   st tx_queue rx_queue\n${rows.join("")}`;
}

test("a table of many pieces is read whole, without what is nobody's any more", async () => {
  const file = new ConfigFile(table(5000));
  const sockets = new SocketTable(new ManualClock(), [file.path, "/nowhere/tcp6"]);
  const rows = await sockets.rows();
  assert.deepEqual(
    rows.map(({ unread }) => unread),
    Array.from({ length: 5000 }, (_, n) => n),
  );
});

test("it is read anew after a tenth of a second, not earlier", async () => {
  const file = new ConfigFile(table(1));
  const clock = new ManualClock();
  const sockets = new SocketTable(clock, [file.path]);
  assert.equal((await sockets.rows()).length, 1);
  writeFileSync(file.path, table(2));
  clock.advance(99);
  assert.equal((await sockets.rows()).length, 1);
  clock.advance(1);
  assert.equal((await sockets.rows()).length, 2);
});

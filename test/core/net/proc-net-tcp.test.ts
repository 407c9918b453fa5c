import assert from "node:assert/strict";
import { test } from "node:test";
import {
  endpointKey,
  forEachSocketLine,
  pairKey,
  parseSocketRow,
  peerState,
  type SocketRow,
} from "#src/core/net/proc-net-tcp.js";

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:09C8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0000000000000000 100 0 0 10 0
   1: 0100007F:D431 0100007F:09C8 01 00000000:00000FA3 00:00000000 00000000     0        0 12346 1 0000000000000000 20 4 30 10 -1
`;
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0000000000000000FFFF00000100007F:09C8 0000000000000000FFFF00000100007F:D431 01 00000000:00000000 02:0000013C 00000000     0        0 1 2 0
   1: B80D0120000000000000000001000000:0050 00000000000000000000000001000000:1F90 01 00000000:00000007 00:00000000 00000000     0        0 3 1 0
`;

/** All rows of a table. */
function parseSocketTable(text: string): SocketRow[] {
  const rows: SocketRow[] = [];
  forEachSocketLine(text, (pair, line) => {
    const row = parseSocketRow(line);
    if (row === undefined) return;
    assert.equal(pair, pairKey(row.local, row.remote));
    rows.push(row);
  });
  return rows;
}

test("rows of both tables are read; keys match those made from addresses", () => {
  const [listening, plugin] = parseSocketTable(TCP);
  assert.equal(listening?.unread, 0);
  assert.deepEqual(plugin, {
    local: endpointKey("127.0.0.1", 0xd431),
    remote: endpointKey("127.0.0.1", 2504),
    unread: 0xfa3,
    unacknowledged: 0,
    unansweredProbes: 0,
    isWindowClosed: false,
    state: 1,
  });
  const [ours, other] = parseSocketTable(TCP6);
  assert.equal(ours?.local, plugin?.remote, "a mapped address is the IPv4 address");
  assert.deepEqual(other, {
    local: endpointKey("2001:db8::1", 80),
    remote: endpointKey("::1", 8080),
    unread: 7,
    unacknowledged: 0,
    unansweredProbes: 0,
    isWindowClosed: false,
    state: 1,
  });
});

test("a FIN behind the data does not count as an unread byte", () => {
  const row = (queue: string): number | undefined =>
    parseSocketTable(`  1: 0100007F:D431 0100007F:09C8 08 00000000:${queue} 00:00000000 00000000 0 0 1`)[0]?.unread;
  assert.deepEqual([row("00000001"), row("00000005"), row("00000000")], [0, 4, 0]);
});

test("unanswered probes are retransmissions or zero-window probes", () => {
  const row = (rest: string): unknown => {
    const [found] = parseSocketTable(`  1: 0100007F:D431 0100007F:09C8 01 ${rest} 0 1 2 0 20 4 30 10 -1`);
    return [found?.unacknowledged, found?.unansweredProbes];
  };
  assert.deepEqual(row("0000000A:00000000 01:0000013C 0000000B     0        9"), [10, 11]);
  assert.deepEqual(row("0000000A:00000000 04:0000013C 0000000B     0        9"), [10, 9]);
  assert.deepEqual(row("00000000:00000000 02:0000013C 00000000     0        3"), [0, 0], "keepalive is the kernel's");
  assert.deepEqual(row("00000000:00000000 00:00000000 00000000     0        0"), [0, 0]);
});

test("an address has one key, in whatever form it is written", () => {
  assert.equal(endpointKey("::ffff:10.1.2.3", 5), endpointKey("10.1.2.3", 5));
  assert.equal(endpointKey("FE80::1%eth0", 5), endpointKey("fe80:0:0:0:0:0:0:1", 5));
  assert.equal(endpointKey("::", 5), endpointKey("0:0:0:0:0:0:0:0", 5));
  assert.notEqual(endpointKey("10.1.2.3", 5), endpointKey("10.1.2.3", 6));
});

test("a peer is present, has closed its side, or has reset the connection", () => {
  const idle = { local: "", remote: "", unread: 0, unacknowledged: 0, unansweredProbes: 0, isWindowClosed: false };
  const row = (state: number) => ({ ...idle, state });
  assert.equal(peerState(undefined, row(1)), "gone");
  assert.equal(peerState(row(1), row(1)), "present");
  assert.equal(peerState(row(1), undefined), "present", "a peer on another machine");
  assert.equal(peerState(row(8), undefined), "ended");
  assert.equal(peerState(row(1), row(4)), "ended", "its FIN is stuck");
});

test("text that is no table has no rows", () => {
  assert.deepEqual(parseSocketTable("hello\n\n  1: zz\n"), []);
  assert.equal(
    forEachSocketLine("  sl  local_address\n", () => {}),
    false,
  );
});

test("a socket that no program owns is no row, but shows that there is a table", () => {
  const line = "   1: 0100007F:D431 0100007F:09C8 06 00000000:00000000 03:00000B2C 00000000     0        0 0 3 0\n";
  assert.equal(
    forEachSocketLine(line, () => assert.fail("a row")),
    true,
  );
});

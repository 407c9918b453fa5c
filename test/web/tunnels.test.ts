import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { DeviceStatus, TunnelStatus } from "#src/core/tunnel/tunnel-status.js";

/** As much of an element as the page needs. */
class Node {
  className = "";
  hidden = false;
  textContent = "";
  children: Node[] = [];

  append(...children: Node[]): void {
    this.children.push(...children);
  }

  replaceChildren(...children: Node[]): void {
    this.children = children;
  }
}

const ids = ["tunnels", "tunnels-section", "links", "links-section"];
const places = new Map(ids.map((id) => [id, new Node()]));
let showTunnels: (status: { tunnels: readonly TunnelStatus[]; devices: readonly DeviceStatus[] }) => void;

before(async () => {
  const document = { createElement: () => new Node(), getElementById: (id: string) => places.get(id) };
  Object.assign(globalThis, { document });
  ({ showTunnels } = await import(new URL("../../../web/tunnels.js", import.meta.url).href));
});

after(() => Reflect.deleteProperty(globalThis, "document"));

/** The rows of a table, cells with a bar between; a cell that is wrong has a ! in front. */
function rows(id: string): string[] {
  const mark = ({ className, textContent }: Node): string => `${className === "wrong" ? "!" : ""}${textContent}`;
  return (places.get(id)?.children ?? []).map(({ children }) => children.map(mark).join("|"));
}

const COUNTS = { links: 2, clients: 30, refused: 0, resumed: 4, received: 1000, sent: 2000 };
const LINK = { address: "10.0.0.9:4000", ageMs: 61_000, clients: 3, received: 10, sent: 20 };
const SLOT = { ...COUNTS, exposed: ["0.0.0.0:80>h:80"], listening: true, stalled: 0, replaced: 0 };
const LINE = { ...SLOT, port: 7000, turnedAway: 0 };
const DEVICE = { ...COUNTS, server: "hub:7000", services: "h:80", connected: false };

test("each line of a server, with the state of its device", () => {
  showTunnels({
    tunnels: [
      { ...LINE, link: LINK },
      { ...LINE, name: "plant", listening: false },
      { ...LINE, listening: false, link: LINK },
      { ...LINE, link: { ...LINK, resuming: true } },
    ],
    devices: [],
  });
  assert.deepEqual(rows("tunnels"), [
    "7000|10.0.0.9:4000|0.0.0.0:80 > h:80|linked|1 min 1 s|3|30|1,000|2,000|4",
    "plant (7000)|–|0.0.0.0:80 > h:80|!no device|–|0|30|1,000|2,000|4",
    "7000|10.0.0.9:4000|0.0.0.0:80 > h:80|!not ready|1 min 1 s|3|30|1,000|2,000|4",
    "7000|10.0.0.9:4000|0.0.0.0:80 > h:80|!waits to resume|1 min 1 s|3|30|1,000|2,000|4",
  ]);
  assert.deepEqual([places.get("tunnels-section")?.hidden, places.get("links-section")?.hidden], [false, true]);
});

test("each of several devices has a row", () => {
  const devices = [
    { ...SLOT, device: "barn", link: LINK },
    { ...SLOT, device: "mill", listening: false },
  ];
  showTunnels({ tunnels: [{ ...LINE, name: "farm", devices }], devices: [] });
  assert.deepEqual(
    rows("tunnels").map((text) => text.split("|").slice(0, 4).join("|")),
    ["farm (7000)|barn · 10.0.0.9:4000|0.0.0.0:80 > h:80|linked", "farm (7000)|mill|0.0.0.0:80 > h:80|!no device"],
  );
});

test("each server whose device this machine is, and why it is not reached", () => {
  showTunnels({
    tunnels: [],
    devices: [
      { ...DEVICE, connected: true, link: LINK },
      { ...DEVICE, name: "office", services: "", problem: "link lost: refused: secret" },
      DEVICE,
    ],
  });
  assert.deepEqual(rows("links"), [
    "hub:7000|h:80|linked|1 min 1 s|3|30|1,000|2,000|4",
    "office · hub:7000|nothing|!link lost: refused: secret|–|0|30|1,000|2,000|4",
    "hub:7000|h:80|!not connected|–|0|30|1,000|2,000|4",
  ]);
  assert.deepEqual([places.get("tunnels-section")?.hidden, places.get("links-section")?.hidden], [true, false]);
});

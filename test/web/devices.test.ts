import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { MuxStatus } from "#src/core/mux/mux-status.js";
import { clientStatus, muxStatus } from "../support/mux-status.js";

/** As much of an element as the page needs. */
class Node {
  readonly tag: string;
  className = "";
  title = "";
  hidden = false;
  value = 0;
  children: (Node | string)[] = [];

  constructor(tag: string) {
    this.tag = tag;
  }

  set textContent(text: string) {
    this.children = text === "" ? [] : [text];
  }

  get textContent(): string {
    return this.children.map((child) => (typeof child === "string" ? child : child.textContent)).join("");
  }

  get firstElementChild(): Node | undefined {
    return this.children.find((child) => child instanceof Node);
  }

  append(...children: (Node | string)[]): void {
    this.children.push(...children);
  }

  replaceChildren(...children: (Node | string)[]): void {
    this.children = children;
  }

  remove(): void {
    places.get("muxes")?.children.splice(0);
  }

  all(tag: string): Node[] {
    return this.children.flatMap((child) =>
      typeof child === "string" ? [] : [...(child.tag === tag ? [child] : []), ...child.all(tag)],
    );
  }
}

const places = new Map(["muxes", "muxes-section"].map((id) => [id, new Node("div")]));
let showDevices: (status: { muxes: readonly MuxStatus[] }) => void;

before(async () => {
  const document = { createElement: (tag: string) => new Node(tag), getElementById: (id: string) => places.get(id) };
  Object.assign(globalThis, { document });
  ({ showDevices } = await import(new URL("../../../web/devices.js", import.meta.url).href));
});

after(() => Reflect.deleteProperty(globalThis, "document"));

const mux = (more: Partial<MuxStatus>): MuxStatus => muxStatus({ name: "inverter", ...more });

/** The rows of all tables, cells with a bar between. */
function rows(): string[] {
  const all = places.get("muxes")?.all("tr") ?? [];
  return all.map(({ children }) => children.map((cell) => (cell as Node).textContent).join("|"));
}

test("each device has a table of who asks for what, with the sums below", () => {
  const counts = { requests: 1234, answers: 30, cacheHits: 1200, failed: 4 };
  const one = clientStatus({ ...counts, rate: 2.5, waitedMs: 3600, deviceMs: 1500 });
  const gone = clientStatus({ address: "192.0.2.8", connected: false });
  const link = { state: "idle", address: "192.0.2.1:502", ageMs: 9000, idleMs: 65_000, requests: 9 } as const;
  const response = { p50Ms: 4.04, p99Ms: 1234 };
  showDevices({ muxes: [mux({ ...counts, clients: [one, gone], links: [link], load: 0.256, response })] });
  assert.deepEqual(rows(), [
    "Client|Per second|Requests|Answered|Cached|Joined|Failed|Wait|Device time",
    "192.0.2.7|2.5|1,234|30|1,200|0|4|2.9 ms|50 ms",
    "192.0.2.8 (gone)|0|0|0|0|0|0|–|–",
    "all|2.5|1,234|30|1,200|0|4||",
  ]);
  const [block] = places.get("muxes")?.all("article") ?? [];
  assert.equal(
    block?.all("h3")[0]?.textContent,
    "inverter (5020)192.0.2.1:502 · modbus1 of 1 link, idle for 1 min 5 s",
  );
  assert.equal(block?.all("p")[0]?.textContent, "load  26 %answers in 4.0 ms, 99 % in 1.2 s1 client");
});

test("what seldom happens has a column when it does; clients of one address are told apart by their connections", () => {
  const [one, other] = [clientStatus({ requests: 1, refused: 1 }), clientStatus({ id: "18d" })];
  showDevices({ muxes: [mux({ requests: 1, refused: 1, clients: [one, other], down: true })] });
  assert.deepEqual(rows(), [
    "Client|Per second|Requests|Answered|Cached|Joined|Failed|Refused|Wait|Device time",
    "192.0.2.7 18c|0|1|0|0|0|0|1|0 ms|–",
    "192.0.2.7 18d|0|0|0|0|0|0|0|–|–",
    "all|0|1|0|0|0|0|1||",
  ]);
  assert.match(places.get("muxes")?.all("h3")[0]?.textContent ?? "", /not reached$/);
});

test("a device that talks on its own has no answers; one that is gone has no block", () => {
  showDevices({
    muxes: [mux({ mode: "broadcast", clients: [clientStatus({ requests: 2, sent: 2 })], requests: 2, sent: 2 })],
  });
  assert.equal(rows()[0], "Client|Per second|Requests|Sent|Wait|Device time");
  showDevices({ muxes: [] });
  assert.deepEqual([rows(), places.get("muxes-section")?.hidden], [[], true]);
});

// The shared devices: a block for each, with a table of who asks for what.

import { create, duration, element, labelOf, number, row } from "./elements.js";

/** @typedef {import("../src/core/status/daemon-status.js").DaemonStatus} DaemonStatus */
/** @typedef {import("../src/core/mux/mux-status.js").MuxStatus} MuxStatus */
/** @typedef {import("../src/core/mux/client-records.js").ClientStatus} ClientStatus */
/** @typedef {import("../src/core/mux/client-records.js").RequestParts} RequestParts */
/** @typedef {{ root: HTMLElement, title: HTMLElement, facts: HTMLElement, load: HTMLMeterElement, body: HTMLElement }} Block */

const MAX_CLIENTS = 50;

/** What has become of requests, in the order of the columns. `seldom`: the column is there when it has a number in it. */
const PARTS = /** @type {const} */ ([
  { key: "answers", head: "Answered", title: "answered by the device" },
  { key: "cacheHits", head: "Cached", title: "answered from the cache" },
  { key: "joined", head: "Joined", title: "shared the answer to another read" },
  { key: "failed", head: "Failed", title: "no answer in time, no link, or the queue was full" },
  { key: "sent", head: "Sent", title: "went out, and no device answers that", seldom: true },
  { key: "refused", head: "Refused", title: "kept from the device", seldom: true },
  { key: "abandoned", head: "Abandoned", title: "the client left before the answer", seldom: true },
  { key: "open", head: "Open", title: "waits for its turn or its answer", seldom: true },
]);

/** @type {Map<string, Block>} blocks by port and device: they stay, so that a table keeps its scroll position */
const blocks = new Map();

/** @param {DaemonStatus} status */
export function showDevices({ muxes }) {
  element("muxes-section").hidden = muxes.length === 0;
  const shown = new Map(muxes.map((mux) => [`${mux.port} ${mux.target} ${mux.protocol} ${mux.mode}`, mux]));
  for (const [key, { root }] of blocks) {
    if (shown.has(key)) continue;
    root.remove();
    blocks.delete(key);
  }
  for (const [key, mux] of shown) {
    const block = blocks.get(key) ?? addBlock(key);
    showDevice(block, mux, partsFor(mux));
  }
}

/** @param {MuxStatus} mux */
function partsFor(mux) {
  const isBroadcast = mux.mode === "broadcast"; // no answer belongs to a request
  return PARTS.filter((part) => mux[part.key] > 0 || (isBroadcast ? part.key === "sent" : !("seldom" in part)));
}

/** @param {string} key */
function addBlock(key) {
  const root = create("article", "");
  const title = create("h3", "");
  const facts = create("p", "");
  const load = /** @type {HTMLMeterElement} */ (create("meter", ""));
  const table = create("table", "", "clients");
  const wide = create("div", "", "wide");
  const body = create("tbody", "");
  table.append(body);
  wide.append(table);
  root.append(title, facts, wide);
  element("muxes").append(root);
  [load.max, load.high] = [1, 0.8];
  const block = { root, title, facts, load, body };
  blocks.set(key, block);
  return block;
}

/**
 * @param {Block} block
 * @param {MuxStatus} mux
 * @param {readonly (typeof PARTS)[number][]} parts
 */
function showDevice({ title, facts, load, body }, mux, parts) {
  const { waiting, outstanding, clients, clientCount } = mux;
  title.replaceChildren(
    create("span", labelOf(mux), "name"),
    create("span", `${mux.target} · ${mux.protocol}${mux.mode === "broadcast" ? " · broadcast" : ""}`),
    stateOf(mux),
  );
  const told = [
    `${clientCount} ${clientCount === 1 ? "client" : "clients"}`,
    ...(waiting > 0 ? [`${waiting} waiting`] : []),
    ...(outstanding > 0 ? [`${outstanding} outstanding`] : []),
    ...(mux.strays > 0 ? [`${mux.strays} strays`] : []),
  ];
  facts.replaceChildren(...paceOf(mux, load), ...told.map((text) => create("span", text)));
  const more = clients.length - MAX_CLIENTS;
  body.replaceChildren(
    headOf(parts),
    ...clients.slice(0, MAX_CLIENTS).map((client) => clientRow(client, isAlone(client, clients), parts)),
    ...(more > 0 ? [row([`… and ${more} more`])] : []),
    totalsOf(mux, parts),
  );
}

/**
 * How busy the device is, and how fast.
 *
 * @param {MuxStatus} mux
 * @param {HTMLMeterElement} meter
 */
function paceOf({ mode, load, response }, meter) {
  if (mode === "broadcast") return [];
  meter.value = load;
  const percent = create("span", "load ");
  percent.title = "share of the last minute in which a request was outstanding";
  percent.append(meter, ` ${Math.round(load * 100)} %`);
  if (response === undefined) return [percent, create("span", "no answers of late")];
  return [percent, create("span", `answers in ${time(response.p50Ms)}, 99 % in ${time(response.p99Ms)}`)];
}

/**
 * @param {ClientStatus} client
 * @param {readonly ClientStatus[]} clients
 */
function isAlone(client, clients) {
  return clients.every((other) => other === client || other.address !== client.address);
}

/** @param {readonly (typeof PARTS)[number][]} parts */
function headOf(parts) {
  const line = document.createElement("tr");
  line.append(create("th", "Client"), head("Per second", "requests in a second, over the last minute"));
  line.append(head("Requests", "the sum of the columns behind it"));
  line.append(...parts.map(({ head: text, title }) => head(text, title)));
  line.append(
    head("Wait", "for its turn, on average"),
    head("Device time", "time at the device for each answer, on average"),
  );
  return line;
}

/**
 * @param {string} text
 * @param {string} title
 */
function head(text, title) {
  const cell = create("th", text, "number");
  cell.title = title;
  return cell;
}

/**
 * @param {ClientStatus} client
 * @param {boolean} alone no other client has its address
 * @param {readonly (typeof PARTS)[number][]} parts
 */
function clientRow(client, alone, parts) {
  const { address, id, connected, connections, rate, requests, open, waitedMs, deviceMs, answers } = client;
  const line = row([
    `${address}${connected ? "" : " (gone)"}`,
    number(rate),
    number(requests),
    ...partsOf(client, parts),
    average(waitedMs, requests - open),
    average(deviceMs, answers),
  ]);
  if (!alone) line.firstElementChild?.append(create("span", ` ${id}`, "source"));
  line.title = `connection ${id}${connections > 1 ? `, the ${ordinal(connections)}` : ""}`;
  if (!connected) line.className = "gone";
  return line;
}

/**
 * @param {MuxStatus} mux
 * @param {readonly (typeof PARTS)[number][]} parts
 */
function totalsOf(mux, parts) {
  const rate = mux.clients.reduce((sum, client) => sum + client.rate, 0);
  const line = row(["all", number(Math.round(rate * 100) / 100), number(mux.requests), ...partsOf(mux, parts), "", ""]);
  line.className = "totals";
  return line;
}

/**
 * @param {RequestParts} counts
 * @param {readonly (typeof PARTS)[number][]} parts
 */
function partsOf(counts, parts) {
  return parts.map(({ key }) => {
    const count = counts[key];
    const { text } = number(count);
    return { text, kind: count === 0 ? "number none" : key === "failed" ? "number wrong" : "number" };
  });
}

/** @param {MuxStatus} mux */
function stateOf({ links, pool, down }) {
  if (down) return create("span", "not reached", "wrong");
  const ready = links.filter((link) => link.state !== "connecting").length;
  const text = `${ready} of ${pool} ${pool === 1 ? "link" : "links"}`;
  const isIdle = links.length > 0 && links.every((link) => link.state === "idle");
  const idleMs = Math.min(...links.map((link) => link.idleMs));
  return create("span", isIdle ? `${text}, idle for ${duration(idleMs)}` : text, ready > 0 ? "good" : "");
}

/**
 * @param {number} sumMs
 * @param {number} count
 */
function average(sumMs, count) {
  return count === 0 ? { text: "–", kind: "number none" } : { text: time(sumMs / count), kind: "number" };
}

/** @param {number} ms */
function time(ms) {
  if (ms >= 9950) return `${Math.round(ms / 1000)} s`;
  if (ms >= 995) return `${(ms / 1000).toFixed(1)} s`;
  return ms >= 10 || ms === 0 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`;
}

/** @param {number} count */
function ordinal(count) {
  const ending = count % 100 > 10 && count % 100 < 14 ? "th" : (["th", "st", "nd", "rd"][count % 10] ?? "th");
  return `${count.toLocaleString("en")}${ending}`;
}

import { lineLabel } from "../net/client-origin.js";
import { type ClientStatus, POLLER, type RequestParts } from "./client-records.js";
import { connectedLinks, type MuxStatus } from "./mux-status.js";
import type { ValueStatus } from "./publish/published-value.js";

const MAX_CLIENTS = 8; // lines; STAT is for a glance, STAT JSON has all
const MAX_VALUES = 16; // likewise

/** A mux in STAT: a line for the device, and one for each of the clients that ask most. */
export function muxLines(mux: MuxStatus): string[] {
  const busiest = [...mux.clients].sort((one, other) => other.rate - one.rate || other.requests - one.requests);
  const more = busiest.length - MAX_CLIENTS;
  return [
    [
      ` mux ${lineLabel(mux)} ${mux.protocol} ${mux.target}:`,
      `${connectedLinks(mux)} of ${mux.pool} links${stateOf(mux)},`,
      `${mux.clientCount} clients, ${mux.waiting} waiting, ${mux.outstanding} outstanding;`,
      `${requestsOf(mux)}; ${mux.strays} strays;`,
      `load ${Math.round(mux.load * 100)} %${responseOf(mux)}`,
    ].join(" "),
    ...valueLines(mux),
    ...busiest.slice(0, MAX_CLIENTS).map(clientLine),
    ...(more > 0 ? [`   and ${more} more clients, see STAT JSON`] : []),
  ];
}

/** The published values of a mux. */
function valueLines({ values = [] }: MuxStatus): string[] {
  const more = values.length - MAX_VALUES;
  return [
    ...values.slice(0, MAX_VALUES).map(valueLine),
    ...(more > 0 ? [`   and ${more} more values, see STAT JSON`] : []),
  ];
}

function valueLine({ name, unit, value, ageMs, state }: ValueStatus): string {
  const what = value === undefined ? "none" : `${value}${unit === undefined ? "" : ` ${unit}`}`;
  const age = ageMs === undefined ? "" : `, ${Math.floor(ageMs / 1000)} s old`;
  return `   value ${name}: ${what}${age}${state === "good" ? "" : ` (${state})`}`;
}

function clientLine(client: ClientStatus): string {
  const over = client.requests - client.open;
  return [
    `   client ${client.address}${client.connected || client.address === POLLER ? "" : " (gone)"}:`,
    `${client.rate} requests/s; ${requestsOf(client)};`,
    `waits ${averageOf(client.waitedMs, over)} for its turn, ${averageOf(client.deviceMs, client.answers)} for the device`,
  ].join(" ");
}

/** The law of docs/mux.md: the parts add up to the requests. Parts that are 0 and tell nothing are left out. */
function requestsOf(counts: RequestParts) {
  const { requests, answers, cacheHits, joined, sent, failed, refused, abandoned, open } = counts;
  const parts = [
    `${answers} answered`,
    ...some(cacheHits, "from the cache"),
    ...some(joined, "joined"),
    ...some(sent, "sent"),
    `${failed} failed`,
    ...some(refused, "refused"),
    ...some(abandoned, "abandoned"),
    ...some(open, "open"),
  ];
  return `${requests} requests: ${parts.join(", ")}`;
}

function some(count: number, what: string): string[] {
  return count === 0 ? [] : [`${count} ${what}`];
}

function stateOf({ down, links }: MuxStatus): string {
  if (down) return " (device not reached)";
  const isIdle = links.length > 0 && links.every(({ state }) => state === "idle");
  return isIdle ? ` (idle for ${Math.floor(Math.min(...links.map(({ idleMs }) => idleMs)) / 1000)} s)` : "";
}

function responseOf({ response }: MuxStatus): string {
  return response === undefined
    ? ""
    : `, half of the answers within ${response.p50Ms} ms, 99 % within ${response.p99Ms} ms`;
}

function averageOf(sumMs: number, count: number): string {
  return `${count === 0 ? 0 : Math.round(sumMs / count)} ms`;
}

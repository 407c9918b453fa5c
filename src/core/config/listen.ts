import { formatHostPort, isHostName, isIPv4, isIPv6, parsePort, splitHostPort } from "../net/address.js";
import { fail, ok, type Result } from "../parse/result.js";
import type { Listen, Settings } from "./settings.js";

const UDP = "udp:";
const TCP = "tcp:";

/**
 * Reads where a line listens: `port`, `address:port`, `[IPv6]:port`, each with `udp:` in front or without; `*:port` is all addresses. Who
 * writes `udp:514, tcp:514` means no host of that name.
 */
export function parseListen(text: string): Result<Listen> {
  const [before, behind] = [text.slice(0, UDP.length).toLowerCase(), text.slice(UDP.length)];
  if (before === TCP) return parsePlace(behind);
  if (before !== UDP) return parsePlace(text);
  const place = parsePlace(behind);
  return place.ok ? ok({ ...place.value, datagrams: true }) : place;
}

function parsePlace(text: string): Result<Listen> {
  if (!text.includes(":")) {
    const port = parsePort(text);
    return port.ok ? ok({ port: port.value }) : port;
  }
  const parts = splitHostPort(text);
  const { host = "", isBracketed = false } = parts ?? {};
  const good = isBracketed ? isIPv6(host) : host === "*" || isIPv4(host) || isHostName(host);
  if (parts === undefined || !good) return fail(`bad address "${text}": port, address:port or [IPv6]:port is wanted`);
  const port = parsePort(parts.port);
  return port.ok ? ok({ host, port: port.value }) : port;
}

/** The text that {@link parseListen} reads. */
export function formatListen({ host, port, datagrams = false }: Listen): string {
  return `${datagrams ? UDP : ""}${host === undefined ? port : formatHostPort({ host, port })}`;
}

/** The port in messages: `502`, or `udp:502`. TCP and UDP have a space of numbers each. */
export function formatPort({ port, datagrams = false }: Pick<Listen, "port" | "datagrams">): string {
  return `${datagrams ? UDP : ""}${port}`;
}

/** Every address and port of a line, the first one first. */
export function listensOf({
  host,
  port,
  datagrams,
  alsoListens = [],
}: Listen & { readonly alsoListens?: readonly Listen[] }): Listen[] {
  return [{ port, ...(host !== undefined && { host }), ...(datagrams && { datagrams }) }, ...alsoListens];
}

/** Whether any port takes the headers of proxies. */
export function followsProxies({ proxies, webProxies, direct, mux, tunnel }: Settings): boolean {
  const lines = [...direct, ...mux, ...tunnel];
  return proxies.length + webProxies.length > 0 || lines.some(({ route }) => route.options.proxies !== undefined);
}

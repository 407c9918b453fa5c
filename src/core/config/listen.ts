import { formatHostPort, isHostName, isIPv4, isIPv6, parsePort, splitHostPort } from "../net/address.js";
import { fail, ok, type Result } from "../parse/result.js";
import type { Listen } from "./settings.js";

/** Reads where a line listens: `port`, `address:port`, `[IPv6]:port`; `*:port` is all addresses. */
export function parseListen(text: string): Result<Listen> {
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
export function formatListen({ host, port }: Listen): string {
  return host === undefined ? String(port) : formatHostPort({ host, port });
}

/** Every address and port of a line, the first one first. */
export function listensOf({
  host,
  port,
  alsoListens = [],
}: Listen & { readonly alsoListens?: readonly Listen[] }): Listen[] {
  return [{ port, ...(host !== undefined && { host }) }, ...alsoListens];
}

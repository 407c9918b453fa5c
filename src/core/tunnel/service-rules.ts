import { formatPatterns, parseTargetPatterns, type TargetPattern } from "../net/access-patterns.js";
import { type HostPort, isAddress, parsePort, splitHostPort } from "../net/address.js";
import { fail, ok, type Result } from "../parse/result.js";

/** Services of one entry of `allow`: an address, a network or a name, and a port. */
export interface ServicePattern {
  readonly hosts: readonly TargetPattern[];
  readonly port: number;
}

/** Reads the value of `allow`: `10.41.51.152:23, 192.168.0.0/24:80, [::1]:22, plc.example.com:502`. */
export function parseServices(text: string): Result<readonly ServicePattern[]> {
  const patterns: ServicePattern[] = [];
  for (const word of text.split(/[\s,]+/).filter(Boolean)) {
    const parts = splitHostPort(word);
    const port = parsePort(parts?.port ?? "");
    const hosts = parseTargetPatterns(parts?.host ?? "");
    if (!hosts.ok || hosts.value.length !== 1 || !port.ok) {
      return fail(`bad service "${word}": 10.41.51.152:23 or 192.168.0.0/24:80 is wanted`);
    }
    patterns.push({ hosts: hosts.value, port: port.value });
  }
  return ok(patterns);
}

/** Formats the list as the value of `allow`. */
export function formatServices(patterns: readonly ServicePattern[]): string {
  return patterns
    .map(({ hosts, port }) => {
      const host = formatPatterns(hosts);
      return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
    })
    .join(", ");
}

/** Whether this can be a service at all: a port, and an address or a name without odd characters. */
export function isService({ host, port }: HostPort): boolean {
  return port > 0 && host !== "" && (isAddress(host) || /^[\w.-]+$/.test(host));
}

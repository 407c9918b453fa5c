import { formatHostPort, type HostPort, parseHostPort } from "../address.js";
import { fail, ok, type Result } from "../result.js";
import { type ConnOptions, DEFAULT_OPTIONS, findOption } from "./options.js";

/** What a CONN line asks for: a remote and how to treat it. */
export interface Order {
  readonly target: HostPort;
  readonly options: ConnOptions;
}

/**
 * Reads `host:port [KEY=value …]`, the arguments of CONN and the value of a `[direct]` line (seed, "Talking to the Proxy").
 * Keys come in any case; of one given twice the last counts.
 *
 * @param presets what earlier commands have set; an option on the line wins
 */
export function parseOrder(text: string, presets: Partial<ConnOptions> = {}): Result<Order> {
  const [address = "", ...words] = text.trim().split(/\s+/);
  if (address === "") return fail("no target: host:port is wanted");
  const target = parseHostPort(address);
  if (!target.ok) return target;
  let options: ConnOptions = { ...DEFAULT_OPTIONS, ...presets };
  for (const word of words) {
    const parsed = parseOption(word);
    if (!parsed.ok) return parsed;
    options = { ...options, ...parsed.value };
  }
  if (options.transport !== "tls" && (options.tlsName !== undefined || !options.verifyCertificate)) {
    return fail("TLSV and TLSN go with PRTO=tls");
  }
  return ok({ target: target.value, options });
}

function parseOption(word: string): Result<Partial<ConnOptions>> {
  const [key = "", ...rest] = word.split("=");
  const option = findOption(key);
  if (option === undefined) return fail(`unknown option "${key}"`);
  if (rest.length === 0) return fail(`bad option "${word}": ${option.usage} is wanted`);
  const parsed = option.parse(rest.join("="));
  return parsed.ok ? parsed : fail(`bad ${option.key} "${rest.join("=")}": ${parsed.message}`);
}

/** The remote of an order in short, for logs and STAT: `host:port`, with `udp:` or `tls:` in front where it is not TCP. */
export function formatRemote({ target, options }: Order): string {
  const address = formatHostPort(target);
  return options.transport === "tcp" ? address : `${options.transport}:${address}`;
}

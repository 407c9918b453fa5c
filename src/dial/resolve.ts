import { type LookupAddress, lookup, promises } from "node:dns";
import { readFileSync } from "node:fs";
import type { LookupFunction } from "node:net";
import type { AccessRules } from "../access/access-rules.js";
import { type HostPort, isIPv4, isIPv6 } from "../core/net/address.js";
import { searchHosts } from "../core/net/hosts-file.js";
import { TARGET_IS_DAEMON } from "../core/net/loop-rules.js";
import { nextPass } from "../scheduling/round-robin.js";
import type { OwnSockets } from "../sockets/own-sockets.js";

const HOSTS_FILE = "/etc/hosts";
/** What is said of an address that may not be connected to. */
const NOT_PERMITTED = "not permitted ([access])";
const QUERY = { timeout: 2000, tries: 2 }; // within the 4 s a dial has by default

/** What the name server says when it does not know the name; the system's own resolver may know it by other means. */
const UNKNOWN = new Set(["ENOTFOUND", "ENODATA", "ECONNREFUSED", "ESERVFAIL", "EBADNAME"]);

/**
 * All addresses of a name, IPv4 first: from the hosts file, else from the name server, else from the system's resolver,
 * which also knows search domains and multicast DNS.
 *
 * The system's resolver comes last because it works on threads, of which there are few: two names whose server does not
 * answer would keep every other name waiting, and the end of the process too. The name server is asked without a thread.
 *
 * @throws {NodeJS.ErrnoException} with a code such as `ENOTFOUND`
 */
export async function resolveHost(host: string): Promise<LookupAddress[]> {
  if (isIPv4(host)) return [{ address: host, family: 4 }];
  if (isIPv6(host)) return [{ address: host, family: 6 }];
  const listed = await listedInHosts(host);
  if (listed.length > 0) return listed.map((address) => ({ address, family: isIPv4(address) ? 4 : 6 }));
  return (await askNameServer(host)) ?? (await askSystem(host));
}

/** What decides where may be connected to. */
export interface Gate {
  readonly access: Pick<AccessRules, "permits">;
  readonly own: Pick<OwnSockets, "isOffLimits">;
}

/** Why an address of a target may not be connected to; nothing when it may. */
export function targetDenialReason(
  { host, port }: HostPort,
  address: string,
  { access, own }: Gate,
): string | undefined {
  if (own.isOffLimits(address, port)) return TARGET_IS_DAEMON;
  return access.permits(host, address) ? undefined : NOT_PERMITTED;
}

/**
 * The addresses of {@link resolveHost} that may be used.
 *
 * @throws {Error} when none may
 */
export async function resolvePermitted(target: HostPort, gate: Gate): Promise<LookupAddress[]> {
  let denialReason: string | undefined;
  const addresses = (await resolveHost(target.host)).filter(({ address }) => {
    const wrong = targetDenialReason(target, address, gate);
    denialReason ??= wrong;
    return wrong === undefined;
  });
  if (addresses.length === 0) throw new Error(denialReason ?? NOT_PERMITTED);
  return addresses;
}

/** {@link resolvePermitted} as Node's sockets want it. They do not ask it about addresses, only about names. */
export function permittedLookup(target: HostPort, gate: Gate): LookupFunction {
  return (_host, options, callback) => {
    resolvePermitted(target, gate).then(
      (addresses) => {
        const [first] = addresses;
        if (options.all === true) callback(null, addresses);
        else callback(null, first?.address ?? "", first?.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ""),
    );
  };
}

/** The addresses that the hosts file gives a name. However long it is, others have their turn meanwhile. */
async function listedInHosts(host: string): Promise<string[]> {
  const search = searchHosts(readHosts(), host);
  for (;;) {
    const { done, value } = search.next();
    if (done === true) return value;
    await nextPass();
  }
}

function readHosts(): string {
  try {
    return readFileSync(HOSTS_FILE, "utf8");
  } catch {
    return "";
  }
}

/** Nothing when the name server has no address for it. */
async function askNameServer(host: string): Promise<LookupAddress[] | undefined> {
  const resolver = new promises.Resolver(QUERY); // a new one knows the name servers of this moment
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const found = answers.flatMap((answer, index) =>
    answer.status === "fulfilled" ? answer.value.map((address) => ({ address, family: index === 0 ? 4 : 6 })) : [],
  );
  if (found.length > 0) return found;
  for (const answer of answers) {
    if (answer.status === "rejected" && !UNKNOWN.has(answer.reason.code)) throw answer.reason;
  }
  return undefined;
}

function askSystem(host: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, addresses) => (error === null ? resolve(addresses) : reject(error)));
  });
}

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
const NOT_PERMITTED = "not permitted ([access])";
const QUERY = { timeout: 2000, tries: 2 }; // within the 4 s a dial has by default

/** What the name server answers for a name it does not know. The system's own resolver may know the name by other means. */
const UNKNOWN_NAME = new Set(["ENOTFOUND", "ENODATA", "ECONNREFUSED", "ESERVFAIL", "EBADNAME"]);

/**
 * All addresses of a name, IPv4 first: from the hosts file, else from the name server, else from the system's resolver, which also knows
 * search domains and multicast DNS.
 *
 * The system's resolver comes last because it blocks one of few threads: two names whose server does not answer would keep every other
 * name waiting, and the end of the process too. Node asks the name server without a thread.
 *
 * @throws {NodeJS.ErrnoException} with a code such as `ENOTFOUND`
 */
export async function resolveHost(host: string): Promise<LookupAddress[]> {
  if (isIPv4(host)) return [{ address: host, family: 4 }];
  if (isIPv6(host)) return [{ address: host, family: 6 }];
  const listed = await askHostsFile(host);
  if (listed.length > 0) return listed.map((address) => ({ address, family: isIPv4(address) ? 4 : 6 }));
  return (await askNameServer(host)) ?? (await askSystem(host));
}

/** The rules that say where the daemon may connect. */
export interface TargetRules {
  readonly access: Pick<AccessRules, "permits">;
  readonly own: Pick<OwnSockets, "isOffLimits">;
}

/** Why the daemon may not connect to an address of a target; undefined when it may. */
export function targetDenialReason(
  { host, port }: HostPort,
  address: string,
  { access, own }: TargetRules,
): string | undefined {
  if (own.isOffLimits(address, port)) return TARGET_IS_DAEMON;
  return access.permits(host, address) ? undefined : NOT_PERMITTED;
}

/**
 * The addresses of {@link resolveHost} that the daemon may connect to.
 *
 * @throws {Error} when there is none; its message says why the first one is denied
 */
export async function resolvePermitted(target: HostPort, rules: TargetRules): Promise<LookupAddress[]> {
  let firstReason: string | undefined;
  const addresses = (await resolveHost(target.host)).filter(({ address }) => {
    const reason = targetDenialReason(target, address, rules);
    firstReason ??= reason;
    return reason === undefined;
  });
  if (addresses.length === 0) throw new Error(firstReason ?? NOT_PERMITTED);
  return addresses;
}

/** {@link resolvePermitted} in the form that Node's sockets want. They ask about names only, not about addresses. */
export function permittedLookup(target: HostPort, rules: TargetRules): LookupFunction {
  return (_host, options, callback) => {
    resolvePermitted(target, rules).then(
      (addresses) => {
        const [first] = addresses;
        if (options.all === true) callback(null, addresses);
        else callback(null, first?.address ?? "", first?.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ""),
    );
  };
}

/** The addresses that the hosts file gives a name. The file may be very long: the search lets the event loop go on in between. */
async function askHostsFile(host: string): Promise<string[]> {
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

/** Undefined when the name server does not know the name. */
async function askNameServer(host: string): Promise<LookupAddress[] | undefined> {
  const resolver = new promises.Resolver(QUERY); // a new one: the name servers may have changed
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const found = answers.flatMap((answer, index) =>
    answer.status === "fulfilled" ? answer.value.map((address) => ({ address, family: index === 0 ? 4 : 6 })) : [],
  );
  if (found.length > 0) return found;
  for (const answer of answers) {
    if (answer.status === "rejected" && !UNKNOWN_NAME.has(answer.reason.code)) throw answer.reason;
  }
  return undefined;
}

/** Names that the system's resolver looks for: each blocks one of few threads, however often it is asked meanwhile. */
const underWay = new Map<string, Promise<LookupAddress[]>>();

function askSystem(host: string): Promise<LookupAddress[]> {
  const asked = underWay.get(host);
  if (asked !== undefined) return asked;
  const answer = new Promise<LookupAddress[]>((resolve, reject) => {
    lookup(host, { all: true }, (error, addresses) => {
      underWay.delete(host);
      if (error === null) resolve(addresses);
      else reject(error);
    });
  });
  underWay.set(host, answer);
  return answer;
}

import { BlockList } from "node:net";
import type { Settings } from "../core/config/settings.js";
import { matchesName, type TargetPattern } from "../core/net/access-patterns.js";
import { isIPv6 } from "../core/net/address.js";
import { type ClientOrigin, isLocalClient } from "../core/net/client-origin.js";
import { localDenialReason, type Permission, stopDenialReason } from "../core/net/permissions.js";

/** Unspecified addresses: the kernel connects to this machine when it is given one. */
const UNSPECIFIED = listOf([
  { kind: "network", family: "ipv4", address: "0.0.0.0", prefix: 8 },
  { kind: "network", family: "ipv6", address: "::", prefix: 128 },
]);
const LOOPBACK = ["127.0.0.1", "::1"];

/** The rules of `[access]`: which clients may connect to the daemon, and what the daemon may connect to. */
export class AccessRules {
  readonly #clients: BlockList | undefined;
  readonly #devices: BlockList | undefined;
  readonly #targets: HostList | undefined;
  readonly #denied: HostList | undefined;
  readonly #watchers: BlockList;
  readonly #readers: BlockList | undefined;
  readonly #stop: Settings["stop"];

  constructor({ clients, devices, targets, denyTargets, watch, webClients, stop }: Settings) {
    this.#clients = clients.length === 0 ? undefined : listOf(clients);
    this.#devices = devices.length === 0 ? undefined : listOf(devices);
    this.#watchers = listOf(watch);
    this.#readers = webClients.length === 0 ? undefined : listOf(webClients);
    this.#stop = stop;
    this.#targets = targets.length === 0 ? undefined : new HostList(targets);
    this.#denied = denyTargets.length === 0 ? undefined : new HostList(denyTargets);
  }

  /** Whether a client of this origin may connect. An origin without an address passes: its clients were checked at their own port. */
  admits({ address }: ClientOrigin): boolean {
    return this.#clients === undefined || address === undefined || contains(this.#clients, address);
  }

  /** Whether the device of a tunnel may connect from this origin. */
  admitsDevice(origin: ClientOrigin): boolean {
    if (this.#devices === undefined) return this.admits(origin);
    return origin.address !== undefined && contains(this.#devices, origin.address);
  }

  /** Whether a client of this origin that may connect may read the web page. */
  admitsReader({ address }: ClientOrigin): boolean {
    return this.#readers === undefined || (address !== undefined && contains(this.#readers, address));
  }

  /**
   * Why a client of this origin lacks a permission; undefined when it has it.
   *
   * @param isHere whether it is on this machine; a proxy on this machine speaks for clients that may be elsewhere
   */
  denialReason(permission: Permission, origin: ClientOrigin, isHere = isLocalClient(origin)): string | undefined {
    const { address } = origin;
    if (address === undefined) return "the address of the client is unknown";
    switch (permission) {
      case "stop":
        return stopDenialReason(this.#stop, origin);
      case "reload":
      case "tunnel":
        return localDenialReason(origin);
      case "watch":
      case "monitor":
        return isHere || contains(this.#watchers, address)
          ? undefined
          : "not from another machine; [access] watch in the configuration allows it";
    }
  }

  /**
   * Whether the daemon may connect to an address.
   *
   * @param host the name that was resolved to the address, or the address itself
   */
  permits(host: string, address: string): boolean {
    const allowed = this.#targets;
    const denied = this.#denied;
    if (allowed === undefined && denied === undefined) return true;
    const addresses = contains(UNSPECIFIED, address) ? [address, ...LOOPBACK] : [address];
    if (denied !== undefined && addresses.some((each) => denied.covers(host, each))) return false;
    return allowed === undefined || addresses.every((each) => allowed.covers(host, each));
  }
}

/** A list of host names and networks. */
export class HostList {
  readonly #patterns: readonly TargetPattern[];
  readonly #networks: BlockList;

  constructor(patterns: readonly TargetPattern[]) {
    this.#patterns = patterns;
    this.#networks = listOf(patterns);
  }

  covers(host: string, address: string): boolean {
    return matchesName(this.#patterns, host) || contains(this.#networks, address);
  }
}

function listOf(patterns: readonly TargetPattern[]): BlockList {
  const list = new BlockList();
  for (const pattern of patterns) {
    if (pattern.kind === "network") list.addSubnet(pattern.address, pattern.prefix, pattern.family);
  }
  return list;
}

/** Whether a list has an address. Node matches IPv4 addresses in their IPv6 form, too, but knows no zones (`%eth0`). */
function contains(list: BlockList, address: string): boolean {
  const bare = address.split("%", 1)[0] ?? "";
  return list.check(bare, isIPv6(bare) ? "ipv6" : "ipv4");
}

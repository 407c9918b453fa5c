import type { Family, HostAddress } from "../core/names/host-address.js";
import type { Answer } from "../core/names/lookup-progress.js";

/** The name servers of this machine, as they were at the beginning of one lookup. */
export interface NameServers {
  /** How many there are. */
  readonly count: number;
  /** Whether `/etc/resolv.conf` still names these. */
  areCurrent(): boolean;
  /** Asks one of them for the addresses of one family. An earlier question stays open. */
  ask(server: number, name: string, family: Family): Promise<Answer>;
}

/** Where the addresses of names come from. */
export interface NameSources {
  /** The addresses that the hosts file gives a name, IPv4 first. */
  hosts(name: string): Promise<readonly HostAddress[]>;
  servers(): NameServers;
  /** Asks the system's resolver. Resolves to no addresses when there are none, and to undefined when it has not said so in time. */
  system(name: string): Promise<readonly HostAddress[] | undefined>;
  /** Gives up whatever is under way. */
  close(): void;
}

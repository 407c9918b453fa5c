import type { Family, HostAddress } from "../core/names/host-address.js";
import type { Answer } from "../core/names/lookup-progress.js";

/** The name servers of this machine, as they were at the beginning of one lookup. */
export interface NameServers {
  /** How many there are. */
  readonly count: number;
  /**
   * Asks one of them for the addresses of one family.
   *
   * @param round a question to the same server in another round is a question of its own: the earlier one stays open
   */
  ask(server: number, round: number, name: string, family: Family): Promise<Answer>;
  /** Ends all questions; they are answered by silence. */
  cancel(): void;
}

/** Where the addresses of names come from. */
export interface NameSources {
  /** The addresses that the hosts file gives a name, IPv4 first. */
  hosts(name: string): Promise<readonly HostAddress[]>;
  servers(): NameServers;
  /** Asks the system's resolver. Resolves to nothing when it finds nothing, or takes too long. */
  system(name: string): Promise<readonly HostAddress[]>;
  /** Gives up whatever is under way. */
  close(): void;
}

import { readFileSync } from "node:fs";
import type { HostAddress } from "../core/names/host-address.js";
import { isIPv4 } from "../core/net/address.js";
import { searchHosts } from "../core/net/hosts-file.js";
import { nextPass } from "../scheduling/round-robin.js";

const HOSTS_FILE = "/etc/hosts";

/** The addresses that the hosts file gives a name. The file may be very long: the search lets the event loop go on in between. */
export async function askHostsFile(name: string): Promise<HostAddress[]> {
  const search = searchHosts(readHosts(), name);
  for (;;) {
    const { done, value } = search.next();
    if (done === true) return value.map((address) => ({ address, family: isIPv4(address) ? 4 : 6 }));
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

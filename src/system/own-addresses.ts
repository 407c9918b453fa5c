import { networkInterfaces } from "node:os";
import { canonicalAddress } from "../core/net/address.js";

/** Whether an address, in its canonical form, belongs to one of this machine's interfaces now. */
export function isOwnAddress(address: string): boolean {
  return Object.values(networkInterfaces()).some((entries = []) =>
    entries.some((entry) => canonicalAddress(entry.address) === address),
  );
}

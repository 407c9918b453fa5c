import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { canonicalAddress } from "../core/net/address.js";
import type { Clock, Timer } from "./clock.js";

const LOOK_MS = 5000;

/** Whether an address, in its canonical form, belongs to one of this machine's interfaces now. */
export function isOwnAddress(address: string): boolean {
  return Object.values(networkInterfaces()).some((entries = []) =>
    entries.some((entry) => canonicalAddress(entry.address) === address),
  );
}

/**
 * Watches whether an address of this machine is still there. A socket that is bound to an address that has gone sends nothing more, and
 * TCP tells that only after a quarter of an hour.
 *
 * @param address in its canonical form
 * @param gone called once, some seconds after the address has gone
 * @returns ends the watch
 */
export function watchAddress(address: string, clock: Clock, gone: () => void): () => void {
  let timer: Timer;
  let isOver = false;
  const look = (): void => {
    timer = clock.after(LOOK_MS, () => {
      if (isOwnAddress(address)) look();
      else hasGone(address, confirm);
    });
  };
  const confirm = (isGone: boolean): void => {
    if (isOver) return;
    if (isGone) gone();
    else look();
  };
  look();
  return () => {
    isOver = true;
    timer.cancel();
  };
}

/** Asks the kernel: the list of addresses leaves out interfaces without a carrier, whose connections survive a pulled cable. */
function hasGone(address: string, tell: (isGone: boolean) => void): void {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  socket.once("error", (error: NodeJS.ErrnoException) => {
    socket.close();
    tell(error.code === "EADDRNOTAVAIL");
  });
  socket.bind({ address, port: 0, exclusive: true }, () => {
    socket.close();
    tell(false);
  });
}

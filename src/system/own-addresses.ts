import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { canonicalAddress } from "../core/net/address.js";
import type { Clock, Timer } from "./clock.js";

const RECENT_MS = 1000;
const LOOK_MS = 5000;
/** So often an interface may be without a carrier before another one is preferred. */
const MAX_MISSED = 3;

/** Whether an address, in its canonical form, belongs to one of this machine's interfaces now. */
export function isOwnAddress(address: string): boolean {
  return ownAddresses().has(address);
}

/** The addresses of this machine's interfaces, in their canonical form. To ask the kernel takes some hundred microseconds. */
function ownAddresses(): ReadonlySet<string> {
  const entries = Object.values(networkInterfaces()).flatMap((each = []) => each);
  return new Set(entries.map(({ address }) => canonicalAddress(address)));
}

/** The same for those who ask for each client: as it was a second ago at most. */
export class RecentAddresses {
  readonly #clock: Pick<Clock, "now">;
  #addresses: ReadonlySet<string> = new Set();
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** @param address in its canonical form */
  has(address: string): boolean {
    const now = this.#clock.now();
    if (now - this.#askedAt > RECENT_MS) {
      this.#addresses = ownAddresses();
      this.#askedAt = now;
    }
    return this.#addresses.has(address);
  }
}

/**
 * Watches whether an address of this machine is still there. A socket that is bound to an address that has gone sends nothing more, and
 * TCP tells that only after a quarter of an hour. An interface without a carrier keeps its address: a cable may be back in a moment. When
 * it is not, and another interface is there, its address counts as gone, too.
 *
 * @param address in its canonical form
 * @param gone called once, some seconds after the address has gone
 * @returns ends the watch
 */
export function watchAddress(address: string, clock: Clock, gone: () => void, machine = MACHINE): () => void {
  let timer: Timer;
  let isOver = false;
  let missed = 0;
  const judge = (isThere: boolean): void => {
    missed += 1;
    if (isOver) return;
    if (isThere && (missed < MAX_MISSED || !machine.hasAnother())) look();
    else gone();
  };
  const look = (): void => {
    timer = clock.after(LOOK_MS, () => {
      if (!machine.isOwn(address)) {
        machine.isThere(address, judge);
        return;
      }
      missed = 0;
      look();
    });
  };
  look();
  return () => {
    isOver = true;
    timer.cancel();
  };
}

/** What {@link watchAddress} asks the machine. */
const MACHINE = {
  isOwn: isOwnAddress,
  /** Whether there is an address that other machines may know. */
  hasAnother: (): boolean =>
    Object.values(networkInterfaces()).some((entries = []) => entries.some(({ internal }) => !internal)),
  isThere,
};

/** Asks the kernel: the list of addresses leaves out interfaces without a carrier. */
function isThere(address: string, tell: (isThere: boolean) => void): void {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  socket.once("error", (error: NodeJS.ErrnoException) => {
    socket.close();
    tell(error.code !== "EADDRNOTAVAIL");
  });
  socket.bind({ address, port: 0, exclusive: true }, () => {
    socket.close();
    tell(true);
  });
}

import { CONN_ENDS } from "#src/core/limits/end-rules.js";
import { NO_BACKLOG } from "#src/core/limits/idle-deadlines.js";
import type { PeerState } from "#src/core/net/proc-net-tcp.js";
import { TelegramScheduler } from "#src/direct/telegram-scheduler.js";
import { Relay } from "#src/relay/relay.js";
import { NO_EARLY_BYTES } from "#src/sockets/early-data.js";
import { ManualClock } from "./clock.js";
import { FakeEnd } from "./fake-end.js";
import { telegram } from "./protocols.js";

/** A client of a line and its server connection, with a relay between them, without sockets. */
export interface Joined {
  readonly client: FakeEnd;
  readonly server: FakeEnd;
  readonly relay: Relay;
  /** The reason why the relay ended. */
  over: string | undefined;
  /** The state of the client in the socket table. */
  state: PeerState;
}

/** A line on a clock that the test moves. */
export class TestLine {
  readonly clock = new ManualClock();
  readonly line: TelegramScheduler;

  constructor(options: { rate?: number; shareMs?: number }) {
    this.line = new TelegramScheduler({ rate: 0, shareMs: 0, ...options }, this.clock);
  }

  join({ blockSize = 0, early = "", fin = false } = {}): Joined {
    const client = new FakeEnd(() => this.clock.now());
    const server = new FakeEnd(() => this.clock.now());
    const rules = { blockSize, receiveTimeoutMs: 0, quietMs: 0 };
    const relay = new Relay(client, this.line.wrap(server), rules, CONN_ENDS, this.clock, {
      writtenToClient() {},
      writtenToRemote() {},
      clientDrained() {},
      remoteEnded() {},
      clientState: async () => joined.state,
      backlogOf: async () => NO_BACKLOG,
      clientFinished() {},
      relayEnded: ({ reason }) => {
        joined.over = reason;
      },
      resetRemote: (remote) => remote.reset(),
      fault: (error) => {
        throw error;
      },
    });
    const joined: Joined = { client, server, relay, over: undefined, state: "present" };
    relay.start(early === "" && !fin ? NO_EARLY_BYTES : { bytes: Buffer.from(early, "latin1"), ended: fin });
    return joined;
  }

  /** Lets time pass in small steps, so that promises settle in between. */
  async pass(ms: number, stepMs = 500): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(left, stepMs));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** A read of datapoint `point` of a module. */
export function read(point: number, serial = "0020030837"): string {
  return String(telegram(`S${serial}F02D${String(point).padStart(2, "0")}`));
}

/** The reply to such a read. */
export function reply(point: number, value: string | number, serial = "0020030837"): string {
  return String(telegram(`R${serial}F02D${String(point).padStart(2, "0")}${value}`));
}

export const ACTION = String(telegram("S0020030837F27D00AA"));
export const DONE = String(telegram("R0020030837F18D"));
export const EVENT = String(telegram("E14L00I02M"));

import { formatHostPort } from "../core/net/address.js";
import { parkingKey } from "../core/park/parking-rules.js";
import { formatSeconds } from "../core/parse/duration.js";
import type { SessionState } from "../core/upgrade/session-state.js";
import type { ServerLease } from "../dial/dial.js";
import { waysOf } from "../notify/connection-notifier.js";
import { endedBy } from "../sockets/end.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { Timer } from "../system/clock.js";
import { ConnectionLog } from "./connection-log.js";
import type { ConnectionContext } from "./connection-phase.js";
import { parkingAddress } from "./parking.js";
import type { ParkedPlace, ParkingLot } from "./parking-lot.js";
import { beginNotifier } from "./relay-notifier.js";
import type { TakenRemote } from "./taken-remote.js";
import type { ConnectedLine } from "./tellable-connection.js";

/** A connection that another process has parked and handed over: the remote is not read before its client is back. */
export class HandedParking implements ParkedPlace {
  readonly key: string;
  readonly address: string;
  readonly client = { settled: Promise.resolve(), roomAgain() {} };
  readonly remote: StreamEnd;
  readonly #session: SessionState;
  readonly #state: NonNullable<SessionState["remote"]>;
  readonly #line: ConnectedLine;
  readonly #lot: ParkingLot;
  readonly #context: ConnectionContext;
  readonly #lease: ServerLease | undefined;
  readonly #bytes: Buffer;
  readonly #timer: Timer;

  /** @param remote paused */
  constructor(
    session: SessionState,
    state: NonNullable<SessionState["remote"]>,
    remote: StreamEnd,
    lease: ServerLease | undefined,
    line: ConnectedLine,
    lot: ParkingLot,
    context: ConnectionContext,
  ) {
    const { bytes = "", restMs = 0 } = state.parked ?? {};
    this.address = parkingAddress(session.origin);
    this.key = parkingKey(state.request, this.address, session.origin.line);
    this.remote = remote;
    this.#session = session;
    this.#state = state;
    this.#line = line;
    this.#lot = lot;
    this.#context = context;
    this.#lease = lease;
    this.#bytes = Buffer.from(bytes, "base64");
    this.#timer = context.clock.after(restMs, () => this.#over());
    lot.enter(this);
    lot.waitingChanged(this.#bytes.length);
  }

  handOver(): TakenRemote {
    this.#leave();
    const waiting = { bytes: this.#bytes, ended: this.#state.parked?.ended === true, closed: undefined };
    return { end: this.remote, serverLease: this.#lease, pass: undefined, waiting };
  }

  #leave(): void {
    this.#timer.cancel();
    this.#lot.leave(this);
    this.#lot.waitingChanged(-this.#bytes.length);
  }

  /** Nobody has come: closes the remote, and tells the plugin. */
  #over(): void {
    const { id, client, progress } = this.#session;
    const { request, ways: former } = this.#state;
    const { finalNotifications } = this.#context;
    this.#leave();
    this.#lease?.release();
    this.remote.destroy();
    const reason = `${endedBy("client")}, and not back within ${formatSeconds(request.options.parkMs)} (PARK)`;
    const log = new ConnectionLog(this.#context, id, this.#line.port, {
      peerAddress: client.host,
      peerPort: client.port,
    });
    log.release();
    log.info(`closed: ${reason}`);
    const told = {
      pid: request.options.notify?.pid ?? id,
      name: this.#line.section,
      listener: this.#line.port,
      remote: formatHostPort(request.target),
      client: log.client,
      receivedBytes: progress.received,
    };
    const ways = waysOf(request.options, told, this.#context);
    if (ways.length === 0) return;
    const owner = { pluginNotified() {}, fault: (error: unknown) => log.fault(error) };
    const relay = { options: request.options, client: this.remote, log, context: this.#context, owner };
    const notifier = beginNotifier(ways, told, relay, former);
    notifier.connectionEnded(reason);
    finalNotifications.add(notifier, log);
  }
}

import type { Pass } from "../accept/door.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { ConnRequest } from "../core/options/conn-request.js";
import { parkingKey } from "../core/park/parking-rules.js";
import { ChainedDial } from "../dial/chained-dial.js";
import { attachedDial, type Dial, failedDial } from "../dial/dial.js";
import { type TargetRules, targetDenialReason } from "../dial/target-rules.js";
import type { End } from "../sockets/end.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { DialTask } from "./dial-phase.js";
import { type Parking, type ParkingTerms, parkingAddress } from "./parking.js";
import type { ParkingName } from "./relay-parking.js";
import type { TakenRemote } from "./taken-remote.js";

const NO_TLS = "PARK: TLS hides what this client has got, so nothing is parked";

/** What parking needs of the daemon while a client is being connected. */
interface ParkingDialContext extends TargetRules {
  readonly parking: Parking;
}

/** Where the connection of a request is parked when its client goes; undefined: it is not. Asked for once its remote is connected. */
export function parkingTerms(
  request: ConnRequest,
  origin: ClientOrigin,
  parking: Parking,
  name = parkingName(request, origin),
): (() => ParkingTerms) | undefined {
  return request.options.parkMs === 0 ? undefined : () => ({ lot: parking.lot, ...name });
}

function parkingName(request: ConnRequest, origin: ClientOrigin): ParkingName {
  const address = parkingAddress(origin);
  return { key: parkingKey(request, address, origin.line), address };
}

/** The task with a dial that takes the remote of a parked connection, where one is parked for this client. */
export function withParking(
  task: DialTask,
  client: StreamEnd,
  origin: ClientOrigin,
  pass: Pass | undefined,
  context: ParkingDialContext,
): DialTask {
  const { request, startDial: start } = task;
  if (request.options.parkMs > 0 && client.security !== undefined) {
    return { ...task, startDial: () => failedDial(NO_TLS, true) };
  }
  const name = parkingName(request, origin);
  const startDial = (): Dial =>
    new ParkingDial({
      parking: context.parking,
      key: name.key,
      permits: ({ peerAddress }) => targetDenialReason(request.target, peerAddress, context) === undefined,
      taken: ({ pass: former }) => former !== undefined && pass?.takeOver(former),
      start,
    });
  return { ...task, startDial, parking: parkingTerms(request, origin, context.parking, name) };
}

/** Where a dial looks for a parked remote, and what else it does. */
interface ParkedSearch {
  readonly parking: Parking;
  /** By what the client gets its connection again. */
  readonly key: string;
  /** Whether the client may still have this remote. */
  permits(remote: End): boolean;
  /** The client gets this remote. */
  taken(remote: TakenRemote): void;
  /** Dials where nothing is parked. */
  start(): Dial;
}

/** A dial that takes the remote of a parked connection, where there is one. */
export class ParkingDial extends ChainedDial {
  readonly end: Promise<End>;

  constructor(search: ParkedSearch) {
    super();
    this.end = this.#run(search);
  }

  async #run({ parking, key, permits, taken, start }: ParkedSearch): Promise<End> {
    const lot = await parking.load();
    const parked = await lot.find(key);
    this.checkWanted();
    if (parked === undefined || !permits(parked.remote)) return this.reachedBy(start());
    const remote = parked.handOver();
    taken(remote);
    const { end, serverLease, waiting } = remote;
    return this.reachedBy({ ...attachedDial(end), serverLease, waiting });
  }
}

import type { Pass } from "../accept/door.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import { parkingKey } from "../core/park/parking-rules.js";
import { failedDial } from "../dial/dial.js";
import { type TargetRules, targetDenialReason } from "../dial/target-rules.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { DialTask } from "./dial-phase.js";
import { type Parking, type ParkingTerms, parkingAddress } from "./parking.js";
import { ParkingDial } from "./parking-dial.js";

const NO_TLS = "PARK: TLS hides what this client has got, so nothing is parked";

/** What parking tasks need of the daemon. */
interface ParkingTaskContext extends TargetRules {
  readonly parking: Parking;
}

/** The task with a dial that takes the remote of a parked connection, where one is parked for this client. */
export function parkingTask(
  task: DialTask,
  client: StreamEnd,
  origin: ClientOrigin,
  pass: Pass | undefined,
  context: ParkingTaskContext,
): DialTask {
  const { request, startDial: start } = task;
  if (request.options.parkMs > 0 && client.security !== undefined) {
    return { ...task, startDial: () => failedDial(NO_TLS, true) };
  }
  const address = parkingAddress(origin);
  const key = parkingKey(request, address, origin.line);
  const startDial = (): ParkingDial =>
    new ParkingDial({
      parking: context.parking,
      key,
      permits: ({ peerAddress }) => targetDenialReason(request.target, peerAddress, context) === undefined,
      taken: ({ pass: former }) => former !== undefined && pass?.takeOver(former),
      start,
    });
  const terms = (): ParkingTerms => ({ lot: context.parking.lot, key, address });
  return { ...task, startDial, ...(request.options.parkMs > 0 && { parking: terms }) };
}

import type { Protocol, Request } from "../protocol.js";
import type { RegisterRange } from "../register-ranges.js";

const NOTHING = Buffer.alloc(0);

/** The request by which the daemon itself reads registers: it goes out when no other request can. Undefined: the protocol has no registers. */
export function pollRequest({ ranges }: Protocol, range: RegisterRange): Request | undefined {
  const client = { unit: range.unit, id: 0, countsCrc: true };
  const like: Request = { bytes: NOTHING, reads: true, modbus: { unit: range.unit, pdu: NOTHING, client } };
  return ranges && { ...ranges.request(range, like), yields: true };
}

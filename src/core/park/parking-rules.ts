import { type ConnRequest, formatRemote } from "../options/conn-request.js";

/** Parked connections at a time: each holds a socket and its memory. */
export const MAX_PARKED = 1000;
/** Of one client address: nobody takes all the places. */
export const MAX_PARKED_PER_CLIENT = 100;
/** Bytes that wait in all of them together. Beyond that, TCP makes the devices wait. */
export const MAX_PARKED_BYTES = 67_108_864;
/** Bytes that each of them keeps even then: nobody takes the room for what devices say in a while. */
export const LEAST_PARKED_BYTES = 65_536;

/**
 * By what a client gets its connection again. Two requests with the same key want the same remote, reached in the same way, for the same
 * plugin.
 *
 * @param client the address of the client, the same one for all addresses of this machine
 * @param line the line of the client
 */
export function parkingKey(request: ConnRequest, client: string, line: string): string {
  const { options } = request;
  const { verifyCertificate, tlsName, tlsIdentity, tlsMin, tlsLegacy, notify } = options;
  const tls = options.transport === "tls" ? [verifyCertificate, tlsName, tlsIdentity, tlsMin, tlsLegacy] : [];
  const plugin = notify?.pid === undefined ? [] : [notify.device, notify.pid];
  return JSON.stringify([client, line, formatRemote(request).toLowerCase(), tls, plugin]);
}

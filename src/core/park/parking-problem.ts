import type { ConnOptions } from "../options/conn-options.js";

/** Where a request to park stands. */
export type ParkingPlace = "conn" | "direct" | "mux" | "tunnel";

/** Why a connection with these options cannot be parked; undefined: it can be, or need not be. */
export function parkingProblem(options: ConnOptions, place: ParkingPlace): string | undefined {
  const { parkMs, parkBytes, transport, notify, maxClients, listenTls } = options;
  if (parkMs === 0) return parkBytes === undefined ? undefined : "PKBY goes with PARK";
  if (place === "mux") return "PARK has no place here: the link to a shared device stays anyway";
  if (place === "tunnel")
    return "PARK has no place here: give it to CONN, or to the [direct] line that leads to the service";
  if (transport === "udp") return "PARK does not go with PRTO=udp: there is no connection to keep";
  if (listenTls !== undefined) return "PARK does not go with LTLS: TLS hides what a client has got";
  if (place === "direct" && maxClients !== 1) {
    return "PARK wants MAXC=1 on this line: its clients have no name, so the only one is known by its address";
  }
  if (place === "conn" && notify?.pid === undefined) {
    return "PARK wants a pid in NTFY (dev/sid/act/pid): by it the plugin gets its connection again";
  }
  return undefined;
}

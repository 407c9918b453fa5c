import { rowsOf } from "./option-table.js";
import { count, time } from "./value-kinds.js";

/** The options about a connection whose client goes and comes back. */
export interface ParkingOptions {
  /** How long the connection to the remote stays when the client has gone, in milliseconds; 0: not at all. */
  readonly parkMs: number;
  /** About how many bytes are kept for a client that has gone; undefined: {@link DEFAULT_PARK_BYTES}. */
  readonly parkBytes?: number;
}

/** What a device says in some hours, or a camera in a second. */
export const DEFAULT_PARK_BYTES = 1_048_576;

export const DEFAULT_PARKING_OPTIONS: ParkingOptions = { parkMs: 0 };

const MAX_PARK_MS = 86_400_000;
const MAX_PARK_BYTES = 67_108_864; // all parked connections together have as much

const row = rowsOf<ParkingOptions>(DEFAULT_PARKING_OPTIONS);

/** Their rows in the table of CONN options. */
export const PARKING_OPTIONS = [
  {
    ...row({
      key: "PARK",
      name: "park",
      description:
        "When the client has gone, keep the connection to the remote for this long, and what the remote says. The client gets both when it connects again. On CONN it is known by the pid of NTFY; a [direct] line wants max-clients=1. 0 is not at all.",
      usage: "PARK=seconds",
      help: [
        "When the client has gone, keep the connection and what the remote says for so long:",
        "CONN with the same pid in NTFY and the same remote gets both (default: 0, not at all).",
      ],
      sets: "parkMs",
      kind: time("s", 0, MAX_PARK_MS),
    }),
    capabilities: ["PARK"],
  },
  {
    ...row({
      key: "PKBY",
      name: "park-bytes",
      description: "With park (PARK): keep about so many bytes, then make the remote wait. Empty is 1048576.",
      usage: "PKBY=bytes",
      help: ["With PARK: keep about so many bytes, then make the remote wait (default: 1048576)."],
      sets: "parkBytes",
      kind: count("bytes", 1, MAX_PARK_BYTES),
    }),
    capabilities: [],
  },
] as const;

import type { PortSection } from "./settings.js";

/** A key of a named section that says where to listen or where to connect, and is no option. */
export interface LineKey {
  readonly key: "listen" | "target" | "expose";
  readonly sections: readonly PortSection[];
  /** The form of the value. */
  readonly unit: string;
  /** The values that are taken, in words. */
  readonly range: string;
  readonly help: string;
}

/** The keys of `[mux NAME]`, `[direct NAME]` and `[tunnel NAME]` that are no options. A section may repeat each of them. */
export const LINE_KEYS: readonly LineKey[] = [
  {
    key: "listen",
    sections: ["direct", "mux", "tunnel"],
    unit: "port or address:port",
    range: "several with commas between",
    help: "The port to listen on, on the address that [host] ip names, or on an address of its own. [direct] takes udp: in front.",
  },
  {
    key: "target",
    sections: ["direct", "mux"],
    unit: "host:port",
    range: "[direct]: up to 32 with commas between; [mux]: one",
    help: "The server or device that clients get to.",
  },
  {
    key: "expose",
    sections: ["tunnel"],
    unit: "address:port > host:port",
    range: "a line each, up to 64; of several devices the name in front: barn address:port > host:port",
    help: "A port to listen on while the device is there, and the service beside the device that its clients reach.",
  },
];

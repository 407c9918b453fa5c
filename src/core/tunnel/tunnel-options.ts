import type { OptionRow } from "../options/option-table.js";
import { parseKeyword } from "../parse/keyword.js";
import { parseSeconds } from "../parse/number.js";
import { fail, map, ok } from "../parse/result.js";
import { parseSecret } from "./secret-line.js";

/** Everything that only the options of a `[tunnel]` line can say. Times in milliseconds. */
export interface TunnelOptions {
  /** So long a link waits for a client that does not read what came for it. */
  readonly stallMs: number;
  /** Silence on a link after which the device is asked for a sign of life. */
  readonly probeMs: number;
  /** Whether devices speak TLS. */
  readonly tls: boolean;
  /** Files in PEM: our certificate, its key; the authority that signs devices' certificates, which are asked for then. */
  readonly certificate?: string;
  readonly key?: string;
  readonly authority?: string;
  /** What a device has to know; over TLS only. */
  readonly secret?: string;
}

export const DEFAULT_TUNNEL_OPTIONS: TunnelOptions = { stallMs: 5000, probeMs: 30_000, tls: false };

/** A row whose value is the name of a file. */
function file(key: string, name: "certificate" | "key" | "authority", help: string): OptionRow<TunnelOptions> {
  return {
    key,
    usage: `${key}=file`,
    help: [help],
    parse: (value) => (value === "" ? fail("a file name is wanted") : ok({ [name]: value })),
  };
}

/** All options that only a line of `[tunnel]` takes, in the order README and the example file show them. */
export const TUNNEL_OPTIONS: readonly OptionRow<TunnelOptions>[] = [
  {
    key: "STAL",
    usage: "STAL=seconds",
    help: ["Close a client that does not read, and keeps the others waiting for so long (default: 5)."],
    parse: (value) => map(parseSeconds(value), (stallMs) => ({ stallMs })),
  },
  {
    key: "HLTH",
    usage: "HLTH=seconds",
    help: ["Ask a device that has been silent for so long for a sign of life; 0: never (default: 30)."],
    parse: (value) => map(parseSeconds(value), (probeMs) => ({ probeMs })),
  },
  {
    key: "TLS",
    usage: "TLS=0|1",
    help: ["Devices speak TLS; CERT and PKEY are needed then (default: 0)."],
    parse: (value) => map(parseKeyword(value, ["0", "1"]), (word) => ({ tls: word === "1" })),
  },
  file("CERT", "certificate", "With TLS=1: our certificate, in PEM."),
  file("PKEY", "key", "With TLS=1: its private key, in PEM."),
  file("CAFI", "authority", "With TLS=1: devices need a certificate of this authority, in PEM."),
  {
    key: "SECR",
    usage: "SECR=secret",
    help: ["With TLS=1: devices need to know this; only our own ones can tell it."],
    parse: (value) => (value === "" ? fail("a secret is wanted") : map(parseSecret(value), (secret) => ({ secret }))),
  },
];

import { isAddress, isHostName } from "../net/address.js";
import { findYesOrNo } from "../parse/keyword.js";
import { fail, ok } from "../parse/result.js";
import { type OptionRow, rowsOf } from "./option-table.js";
import { type ValueKind, word, yesOrNo } from "./value-kinds.js";

/** Versions of TLS, the oldest first. 1.0 and 1.1 are withdrawn (RFC 8996), but devices of 2012 speak nothing newer. */
const TLS_VERSIONS = ["1.0", "1.1", "1.2", "1.3"] as const;

export type TlsVersion = (typeof TLS_VERSIONS)[number];

/** How the daemon speaks TLS to a remote. */
export interface TlsOptions {
  /** Whether the certificate of a TLS remote is checked. */
  readonly verifyCertificate: boolean;
  /** The name to ask a TLS remote for and to find in its certificate; undefined: the host. */
  readonly tlsName?: string;
  /** The oldest version that is spoken. Below 1.2, ciphers and keys of that time are taken, too. */
  readonly tlsMin: TlsVersion;
  /** Whether a server may lack secure renegotiation (RFC 5746). */
  readonly tlsLegacy: boolean;
  /** The section `[tls NAME]` that has our own certificate, and the authority of the remote's. */
  readonly tlsIdentity?: string;
}

export const DEFAULT_TLS_OPTIONS: TlsOptions = { verifyCertificate: true, tlsMin: "1.2", tlsLegacy: false };

const NAME: ValueKind<string> = {
  unit: "name",
  range: "",
  parse: (value) => (isHostName(value) || isAddress(value) ? ok(value) : fail("a host name is wanted")),
  print: String,
};

const ANY_VERSION = word(TLS_VERSIONS);

const VERSION: ValueKind<TlsVersion> = {
  ...ANY_VERSION,
  unit: "version",
  parse: (value, form) => (value === "1" ? ok("1.0") : ANY_VERSION.parse(value, form)), // Lua prints the number 1.0 so
};

/** The name of a section `[tls NAME]`. In a line of several options, and on the wire, a name with blanks cannot stand. */
export const IDENTITY: ValueKind<string> = {
  unit: "name",
  range: "a section [tls NAME]",
  parse: (value) =>
    value === "" || findYesOrNo(value) !== undefined ? fail("the NAME of a section [tls NAME] is wanted") : ok(value),
  print: String,
};

const row = rowsOf<TlsOptions>(DEFAULT_TLS_OPTIONS);

/** The options of CONN that go with transport=tls (PRTO), in the order HELP shows them. */
export const TLS_OPTIONS = [
  {
    ...row({
      key: "TLSV",
      name: "tls-verify",
      description: "With transport=tls: false takes any certificate, for self-signed ones.",
      usage: "TLSV=0|1",
      help: ["With PRTO=tls: 0 takes any certificate, for self-signed ones (default: 1)."],
      sets: "verifyCertificate",
      kind: yesOrNo(),
    }),
    capabilities: [],
  },
  {
    ...row({
      key: "TLSN",
      name: "tls-name",
      description: "With transport=tls: the server name to ask for and to check. Empty is the host of the target.",
      usage: "TLSN=name",
      help: ["With PRTO=tls: the server name to ask for and to check (default: host)."],
      sets: "tlsName",
      kind: NAME,
    }),
    capabilities: [],
  },
  {
    ...row({
      key: "TLSM",
      name: "tls-min",
      description:
        "With transport=tls: the oldest version to speak. 1.0 and 1.1 are for devices of 2012: their ciphers, short keys and SHA-1 are taken then, too.",
      usage: "TLSM=1.0|1.1|1.2|1.3",
      help: [
        "With PRTO=tls: the oldest version to speak; below 1.2 old ciphers and short keys",
        "are taken, too (default: 1.2).",
      ],
      sets: "tlsMin",
      kind: VERSION,
    }),
    capabilities: ["TLSM"],
  },
  {
    ...row({
      key: "TLSL",
      name: "tls-legacy",
      description: "With transport=tls: true takes a server without secure renegotiation, as many of 2012 are.",
      usage: "TLSL=0|1",
      help: ["With PRTO=tls: 1 takes a server without secure renegotiation (default: 0)."],
      sets: "tlsLegacy",
      kind: yesOrNo(),
    }),
    capabilities: ["TLSL"],
  },
  {
    ...row({
      key: "TLSI",
      name: "tls",
      description:
        "The section [tls NAME] with our own certificate, and the authority of the remote's. It means transport=tls.",
      usage: "TLSI=name",
      help: ["Speak TLS with the certificate and the authority of this section [tls NAME]", "of the configuration."],
      sets: "tlsIdentity",
      kind: IDENTITY,
    }),
    capabilities: ["TLSI"],
  },
] as const satisfies readonly (OptionRow<TlsOptions> & { readonly capabilities: readonly string[] })[];

/** Whether a version is one of those that modern libraries refuse: their ciphers and keys come with them. */
export function isOldTls(version: TlsVersion): boolean {
  return version === "1.0" || version === "1.1";
}

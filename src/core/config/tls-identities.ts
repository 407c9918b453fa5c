import { findYesOrNo } from "../parse/keyword.js";
import { didYouMean } from "../parse/near-miss.js";
import { identityIn } from "../tunnel/tunnel-tls.js";
import { lineTitle, PORT_SECTIONS } from "./keys.js";
import type { SectionReader } from "./port-sections.js";
import type { Settings, TlsIdentity } from "./settings.js";
import { wholeSection } from "./whole-section.js";

/** A key of `[tls NAME]`. */
interface IdentityKey {
  readonly key: string;
  readonly sets: Exclude<keyof TlsIdentity, "name">;
  readonly unit: string;
  readonly range: string;
  readonly help: string;
}

/** All keys of `[tls NAME]` (docs/configuration.md). */
export const IDENTITY_KEYS: readonly IdentityKey[] = [
  {
    key: "cert",
    sets: "certificate",
    unit: "file",
    range: "",
    help: "Our own certificate, a file in PEM; further ones of its chain stand behind it.",
  },
  {
    key: "key",
    sets: "key",
    unit: "file",
    range: "",
    help: "The private key of our certificate, a file in PEM.",
  },
  {
    key: "ca",
    sets: "authority",
    unit: "file",
    range: "",
    help: "The authority that the other side's certificate must be of, a file in PEM. A client of listen-tls needs one then.",
  },
];

/** Reads `[tls NAME]`: files of a TLS identity, which lines and clients name. */
export function tlsIdentity(name: string, identities: TlsIdentity[]): SectionReader {
  let identity: TlsIdentity = { name };
  return wholeSection({
    keys: IDENTITY_KEYS.map(({ key }) => key),
    take: (key, value) => {
      if (value === "") return "a file name is wanted";
      for (const { sets } of IDENTITY_KEYS.filter((row) => row.key === key)) identity = { ...identity, [sets]: value };
      return undefined;
    },
    finish: () => {
      const problem = problemOf(identity);
      if (problem === undefined) identities.push(identity);
      return problem;
    },
  });
}

function problemOf({ name, certificate, key, authority }: TlsIdentity): string | undefined {
  if (/\s/.test(name)) return "the name of an identity has no blanks: options and clients name it";
  if (findYesOrNo(name) !== undefined) return `"${name}" is no name: tls=${name} means something else`;
  if ((certificate === undefined) !== (key === undefined)) return "cert and key: one needs the other";
  return (certificate ?? authority) === undefined ? "cert and key, or ca, are wanted" : undefined;
}

/** The lines of `[tls NAME]` as a configuration file has them. */
export function printIdentity(identity: TlsIdentity): string[] {
  return IDENTITY_KEYS.flatMap(({ key, sets }) => (identity[sets] === undefined ? [] : [`${key}=${identity[sets]}`]));
}

/** The problems of identities that are named and not there, or lack what their use needs. */
export function identityProblems(settings: Settings): string[] {
  const { tlsIdentities, listenTls, namedDevices, mqttTls } = settings;
  const names = tlsIdentities.map(({ name }) => name);
  /** @param isServer the identity shows its certificate to clients */
  const problem = (title: string, wanted: string | undefined, isServer: boolean): string[] => {
    if (wanted === undefined) return [];
    const identity = tlsIdentities.find(({ name }) => name === wanted);
    if (identity === undefined) return [`${title}: unknown TLS identity "${wanted}"${didYouMean(wanted, names)}`];
    return isServer && identity.certificate === undefined ? [`${title}: [tls ${wanted}] has no cert and key`] : [];
  };
  const devices = [settings, ...namedDevices.map(({ name, deviceTls }) => ({ name, deviceTls }))].flatMap((device) =>
    problem("name" in device ? `[device ${device.name}]` : "[device]", identityIn(device.deviceTls), false),
  );
  const tunnels = settings.tunnel.flatMap((line) =>
    problem(lineTitle("tunnel", line), identityIn(line.route.tunnel.tls), true),
  );
  const lines = PORT_SECTIONS.flatMap((section) =>
    settings[section].flatMap((line) => {
      const title = lineTitle(section, line);
      const { tlsIdentity: wanted, listenTls: offered } = line.route.options;
      return [...problem(title, wanted, false), ...problem(title, offered, true)];
    }),
  );
  const broker = problem("[mqtt] tls", mqttTls || undefined, false);
  return [...problem("[host] listen-tls", listenTls || undefined, true), ...broker, ...lines, ...tunnels, ...devices];
}

/** The identities whose certificates are for clients. */
export function servingIdentities({ listenTls, direct, mux, tunnel }: Settings): ReadonlySet<string | undefined> {
  const lines = [...direct, ...mux, ...tunnel].map(({ route }) => route.options.listenTls);
  return new Set([listenTls, ...lines, ...tunnel.map(({ route }) => identityIn(route.tunnel.tls))]);
}

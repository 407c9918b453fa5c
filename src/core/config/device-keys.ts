import { formatHostPort, type HostPort, parseHostPort } from "../net/address.js";
import { findYesOrNo } from "../parse/keyword.js";
import { fail, ok, type Result } from "../parse/result.js";
import { parseDeviceName, parseSecret } from "../tunnel/secret-line.js";
import { formatServices, parseServices } from "../tunnel/service-rules.js";
import { formatTunnelTls, tunnelTls } from "../tunnel/tunnel-tls.js";
import { type DeviceValues, row, type Settings } from "./settings.js";

/** All keys of `[device]` (docs/tunnel.md). */
export const DEVICE_KEYS = [
  row({
    section: "device",
    key: "server",
    unit: "host:port",
    range: "up to 32 with commas between",
    sets: "deviceServers",
    defaultText: "",
    help: "The server whose clients reach services through this machine. Of several, this machine keeps a link to each. Empty is none.",
    parse: parseServers,
    print: (servers) => servers.map(formatHostPort).join(", "),
  }),
  row({
    section: "device",
    key: "allow",
    unit: "services",
    range: "",
    sets: "deviceAllow",
    defaultText: "",
    help: "The services that these clients may reach: 10.41.51.152:23, 192.168.0.0/24:80. Empty is none.",
    parse: parseServices,
    print: formatServices,
  }),
  row({
    section: "device",
    key: "tls",
    unit: "true, false or name",
    range: "a section [tls NAME]",
    sets: "deviceTls",
    defaultText: "false",
    help: "Speak TLS to the server and check its certificate. NAME stands for a [tls NAME].",
    parse: (text) => ok(tunnelTls(text === "" ? true : (findYesOrNo(text) ?? text))),
    print: formatTunnelTls,
  }),
  row({
    section: "device",
    key: "ca",
    unit: "file",
    range: "",
    sets: "deviceAuthority",
    defaultText: "",
    help: "The authority that signed the server's certificate, a file in PEM. Empty is the authorities that the system knows.",
    parse: ok<string>,
    print: String,
  }),
  row({
    section: "device",
    key: "cert",
    unit: "file",
    range: "",
    sets: "deviceCertificate",
    defaultText: "",
    help: "Our own certificate, a file in PEM, for a server that asks for one.",
    parse: ok<string>,
    print: String,
  }),
  row({
    section: "device",
    key: "key",
    unit: "file",
    range: "",
    sets: "deviceKey",
    defaultText: "",
    help: "The private key of our certificate, a file in PEM.",
    parse: ok<string>,
    print: String,
  }),
  row({
    section: "device",
    key: "secret",
    unit: "secret",
    range: "65535 bytes at most",
    sets: "deviceSecret",
    defaultText: "",
    help: "The secret that the server wants to hear (SECR), over TLS only.",
    parse: parseSecret,
    print: (secret) => (secret === "" ? "" : "***"),
  }),
  row({
    section: "device",
    key: "name",
    unit: "name",
    range: "",
    sets: "deviceName",
    defaultText: "",
    help: "The name by which the server knows this machine, where its line has several devices (DEVC).",
    parse: (text) => (text === "" ? ok(text) : parseDeviceName(text)),
    print: String,
  }),
] as const;

const MAX_SERVERS = 32;

function parseServers(text: string): Result<readonly HostPort[]> {
  const servers: HostPort[] = [];
  for (const word of text === "" ? [] : text.split(",")) {
    const server = parseHostPort(word.trim());
    if (!server.ok) return server;
    servers.push(server.value);
  }
  return servers.length > MAX_SERVERS ? fail(`${servers.length} servers: ${MAX_SERVERS} are the most`) : ok(servers);
}

/** The problems of devices with the same server and name: each new link would end the one before, for ever (docs/tunnel.md). */
export function repeatedServers(settings: Pick<Settings, "deviceServers" | "deviceName" | "namedDevices">): string[] {
  const sections = [
    { ...settings, title: "[device]" },
    ...settings.namedDevices.map((device) => ({ ...device, title: `[device ${device.name}]` })),
  ];
  const titles = new Map<string, string>();
  return sections.flatMap(({ title, deviceServers, deviceName }) =>
    deviceServers.flatMap((place) => {
      const server = formatHostPort(place).toLowerCase();
      const key = `${server} ${deviceName}`;
      const first = titles.get(key);
      if (first === undefined) titles.set(key, title);
      if (first === undefined) return [];
      if (first === title) return [`${title}: ${server} is given twice`];
      const by = deviceName === "" ? "" : ", by the same name";
      return [`${title}: ${server} is the server of ${first}, too${by}; it takes one link at a time`];
    }),
  );
}

/** What is wrong with the keys of a `[device]` section together, or with the flags of the same names. */
export function checkDevice(settings: DeviceValues): string[] {
  const { deviceTls, deviceAuthority, deviceCertificate, deviceKey, deviceSecret, deviceName } = settings;
  const problems: string[] = [];
  if (deviceTls.kind === "none" && deviceSecret !== "") problems.push("secret is told over TLS only: tls is wanted");
  if (deviceName !== "" && deviceSecret === "")
    problems.push("name goes with secret: the server knows a device by both");
  if (deviceTls.kind !== "files" && deviceAuthority + deviceCertificate + deviceKey !== "") {
    problems.push(
      `ca, cert and key go with tls${deviceTls.kind === "none" ? "" : `=true: [tls ${deviceTls.name}] has the files`}`,
    );
  }
  if ((deviceCertificate === "") !== (deviceKey === "")) problems.push("cert and key: one needs the other");
  return problems;
}

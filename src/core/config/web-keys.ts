import { formatPatterns, parseNamePatterns, parseNetworks } from "../net/access-patterns.js";
import { parsePort } from "../net/address.js";
import { fail, ok } from "../parse/result.js";
import { row, type Settings } from "./settings.js";
import { parseListenAddress } from "./values.js";

/** All keys of `[web]`. */
export const WEB_KEYS = [
  row({
    section: "web",
    key: "port",
    unit: "port",
    range: "1 to 65535; 0 is none",
    sets: "webPort",
    defaultText: "0",
    help: "The port of the web page and of the metrics. 0 is none.",
    parse: (text) => (text === "0" ? ok(0) : parsePort(text)),
    print: String,
  }),
  row({
    section: "web",
    key: "address",
    unit: "address",
    range: "*, an IPv4 or IPv6 address, a name",
    sets: "webAddress",
    defaultText: "127.0.0.1",
    help: "The address of the web page. 127.0.0.1 is this machine only, * is all addresses; [access] clients says who may connect.",
    parse: parseListenAddress,
    print: String,
  }),
  row({
    section: "web",
    key: "names",
    unit: "names",
    range: "hub.example.com, *.example.com, *",
    sets: "webNames",
    defaultText: "",
    help: "The names by which browsers may call the page, besides addresses and localhost. * is any name: only where clients lets nobody but a proxy in.",
    parse: parseNamePatterns,
    print: formatPatterns,
  }),
  row({
    section: "web",
    key: "clients",
    unit: "addresses and networks",
    range: "",
    sets: "webClients",
    defaultText: "",
    help: "The addresses and networks that may read the page, of those that [access] clients lets in. Empty is all of them.",
    parse: parseNetworks,
    print: formatPatterns,
  }),
  row({
    section: "web",
    key: "proxy-protocol",
    unit: "addresses and networks",
    range: "",
    sets: "webProxies",
    defaultText: "",
    help: "Connections to the page from these addresses and networks begin with a header of the PROXY protocol, which names the reader. Empty is none.",
    parse: parseNetworks,
    print: formatPatterns,
  }),
  row({
    section: "web",
    key: "user",
    unit: "name",
    range: "no colon in it",
    sets: "webUser",
    defaultText: "",
    help: "With password: other machines need this login for the page, and may then close connections and reload, too.",
    parse: (text) => (text.includes(":") ? fail(`bad user "${text}": no colon can be in it`) : ok(text)),
    print: String,
  }),
  row({
    section: "web",
    key: "password",
    unit: "password",
    range: "",
    sets: "webPassword",
    defaultText: "",
    help: "The password of user. It goes over the network as it is: put a proxy with TLS before the page where that matters.",
    parse: ok,
    print: (password) => (password === "" ? "" : "***"),
  }),
  row({
    section: "web",
    key: "trusted-proxy",
    unit: "addresses and networks",
    range: "",
    sets: "webTrustedProxy",
    defaultText: "",
    help: "Proxies that let only users in whom they know, such as Home Assistant's ingress: who comes through them counts as logged in.",
    parse: parseNetworks,
    print: formatPatterns,
  }),
] as const;

/** What is wrong with a login; undefined: nothing. */
export function loginProblem({ webUser, webPassword }: Pick<Settings, "webUser" | "webPassword">): string | undefined {
  if ((webUser === "") === (webPassword === "")) return undefined;
  return "user and password: one needs the other";
}

/** What a reader should know of settings that work: any name may be that of another site (DNS rebinding). */
export function nameWarnings({ webPort, webNames, webClients, clients }: Settings): string[] {
  const isAny = webNames.some(({ name }) => name === "*");
  if (webPort === 0 || !isAny || webClients.length + clients.length > 0) return [];
  return [
    "[web] names=*: any web page that a reader opens can read this one, too, though it can change nothing; clients, with the address of the proxy, prevents that",
  ];
}

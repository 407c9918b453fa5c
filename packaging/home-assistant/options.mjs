// The options of the app, as Home Assistant has them in /data/options.json, as a configuration file: options.mjs OPTIONS [MORE]. MORE, where it is
// there, is a configuration file that comes behind: it has what the options do not offer.
import { existsSync, readFileSync } from "node:fs";
import process, { argv, stdout } from "node:process";
import { pathToFileURL } from "node:url";

/** Where the Supervisor, and nobody else, reaches a page of an app on the host's network (its DOCKER_IPV4_NETWORK_MASK). */
const INGRESS = { address: "172.30.32.1", port: 2505, clients: "172.30.32.2" };

/**
 * The text of a configuration file.
 *
 * @param options in the form of `schema` in config.yaml
 * @throws when a value cannot be written into one line
 */
export function configurationOf(options) {
  const { proxy_port, luup_url, log_level } = options;
  const [allowed_clients, devices, ports] = [options.allowed_clients ?? [], options.devices ?? [], options.ports ?? []];
  return [
    section("host", { port: proxy_port, vera: luup_url, "log-level": log_level }),
    // The page is one of the ports; messages and log are for whom Home Assistant lets in.
    section("access", {
      clients:
        allowed_clients.length === 0 ? undefined : [...allowed_clients, "127.0.0.1", "::1", INGRESS.clients].join(", "),
      watch: INGRESS.clients,
    }),
    // The names by which Home Assistant may be called are not known here. Only the Supervisor asks, for users who have logged in.
    section("web", { ...INGRESS, names: "*", "trusted-proxy": INGRESS.clients }),
    ...devices.map(({ name, listen, target, protocol, options }) =>
      section(`mux ${name}`, { listen, target, protocol }, options),
    ),
    ...ports.map(({ name, listen, target, options }) => section(`direct ${name}`, { listen, target }, options)),
  ].join("\n");
}

/** A section; keys without a value are left out. `more` has further keys of it, KEY=value with blanks between them. */
function section(name, keys, more) {
  const lines = Object.entries(keys).flatMap(([key, value]) => ((value ?? "") === "" ? [] : [`${key}=${value}`]));
  const words = (more ?? "").split(/\s+/).filter((word) => word !== "");
  for (const word of words)
    if (!/^[A-Za-z][\w-]*=/.test(word))
      throw new Error(`[${name}] options: ${JSON.stringify(word)}: KEY=value is wanted`);
  const text = [`[${name}]`, ...lines, ...words];
  for (const line of text) if (/[\r\n]/.test(line)) throw new Error(`${JSON.stringify(line)}: more than one line`);
  return `${text.join("\n")}\n`;
}

if (import.meta.url === pathToFileURL(argv[1] ?? "").href) {
  const [, , options = "", more = ""] = argv;
  try {
    stdout.write(configurationOf(JSON.parse(readFileSync(options, "utf8"))));
    if (existsSync(more)) stdout.write(`\n${readFileSync(more, "utf8")}`);
  } catch (error) {
    console.error(`sockproxyd: the options cannot be used: ${error.message}`);
    process.exitCode = 2; // the daemon's own status for what a second start does not mend
  }
}

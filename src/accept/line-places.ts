import { listensOf } from "../core/config/listen.js";
import type { PortLine, PortSection } from "../core/config/settings.js";
import { lineName } from "../core/net/client-origin.js";
import type { ConnOptions } from "../core/options/conn-options.js";
import type { Listener } from "./listener.js";

/** Where the listeners of one configuration line listen, and what they are called. */
export function listenPlaces(
  kind: PortSection,
  line: PortLine<{ readonly options: ConnOptions }>,
): Pick<Listener, "kind" | "port" | "host" | "datagrams" | "name" | "section" | "line" | "proxies">[] {
  const { proxies } = line.route.options;
  const named = line.name === undefined ? {} : { name: line.name };
  return listensOf(line).map((listen) => ({
    kind,
    ...listen,
    name: lineName(kind, { ...named, ...listen }),
    ...(line.name !== undefined && { section: line.name }),
    line: lineName(kind, line),
    ...(proxies !== undefined && { proxies }),
  }));
}

import { type FormatWord, parseFormat } from "../monitor/format.js";
import { findView, VIEWS } from "../monitor/views/views.js";
import { formatNetwork, type Network, parseNetworks } from "../net/access-patterns.js";
import type { NotifyTarget } from "../notify/notification.js";
import { didYouMean } from "../parse/near-miss.js";
import { readNumber } from "../parse/number.js";
import { fail, ok } from "../parse/result.js";
import { isPrintable } from "../parse/text.js";
import type { ValueKind } from "./value-kinds.js";

const DEFAULT_SERVICE = "urn:toggledbits-com:serviceId:SockProxy1";
const DEFAULT_ACTION = "HandleReceiveData";
/** The names of all views of the monitor. */
export const VIEW_NAMES = VIEWS.map(({ name }) => name);

/** What a plugin is told, and by which action. */
export const NOTIFY: ValueKind<NotifyTarget> = {
  unit: "dev/sid/act[/pid]",
  range: "",
  parse(value) {
    const [device = "", service = "", action = "", pid = "", ...more] = value.split("/");
    if (more.length > 0) return fail("dev/sid/act/pid has four parts at most, none with a / in it");
    if (!isPrintable(value)) return fail("control characters are not taken");
    if (/\s/.test(value)) return fail("white space is not taken");
    const number = readNumber(device); // 659.0, as Lua may print it
    if (!Number.isSafeInteger(number)) return fail("the device is a number, 0 or more");
    return ok({
      device: number,
      service: service || DEFAULT_SERVICE,
      action: action || DEFAULT_ACTION,
      ...(pid && { pid }),
    });
  },
  print: ({ device, service, action, pid }) => [device, service, action, ...(pid ? [pid] : [])].join("/"),
};

/** Addresses and networks, at least one. */
export const NETWORKS: ValueKind<readonly Network[]> = {
  unit: "addresses and networks",
  range: "10.0.0.0/8, ::1; several with commas between",
  parse(text) {
    const networks = parseNetworks(text);
    return networks.ok && networks.value.length === 0 ? fail("an address or a network is wanted") : networks;
  },
  print: (networks) => networks.map(formatNetwork).join(","),
};

/** A view of the monitor. */
export const VIEW: ValueKind<string> = {
  unit: "view",
  range: VIEW_NAMES.join(", "),
  parse(value, form) {
    const view = findView(value);
    if (view !== undefined) return ok(view.name);
    return fail(`${VIEW_NAMES.join("|")} is wanted${form === "file" ? didYouMean(value, VIEW_NAMES) : ""}`);
  },
  print: String,
};

/** The further parts of the lines of the monitor. */
export const FORMAT: ValueKind<readonly FormatWord[]> = {
  unit: "words",
  range: "id, decode, json; several with commas between",
  parse: parseFormat,
  print: (words) => words.join(","),
};

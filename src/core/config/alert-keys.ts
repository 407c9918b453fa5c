import { ok } from "../parse/result.js";
import { row } from "./settings.js";
import { maskSecrets, parseCount, parseHttpUrl } from "./values.js";

const MAX_PER_MINUTE = 1_000_000;

/** All keys of `[alert]`. */
export const ALERT_KEYS = [
  row({
    section: "alert",
    key: "url",
    unit: "URL",
    range: "http or https",
    sets: "alertUrl",
    defaultText: "",
    help: "Alerts are posted to this URL as JSON: a server, a device or a link is down or back; wrong checksums. Empty is nowhere.",
    parse: (text) => (text === "" ? ok(text) : parseHttpUrl(text)),
    print: maskSecrets,
  }),
  row({
    section: "alert",
    key: "checksums",
    unit: "telegrams a minute",
    range: "1 to 1000000",
    sets: "alertChecksums",
    defaultText: "10",
    help: "This many wrong checksums in a minute, seen by MONI=conbus, cause an alert.",
    parse: (text) => parseCount(text, 1, MAX_PER_MINUTE),
    print: String,
  }),
] as const;

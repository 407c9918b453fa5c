import { parsePort } from "../net/address.js";
import { ok } from "../parse/result.js";
import { row } from "./settings.js";
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
] as const;

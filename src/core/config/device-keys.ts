import { formatHostPort, parseHostPort } from "../address.js";
import { ok } from "../result.js";
import { formatServices, parseServices } from "../tunnel/services.js";
import { row } from "./settings.js";
import { parseBoolean } from "./values.js";

/** All keys of `[device]` (seed tcp-remote-connection). */
export const DEVICE_KEYS = [
  row({
    section: "device",
    key: "server",
    name: "deviceServer",
    defaultText: "",
    help: "The server, host:port, whose clients reach services by way of this machine. Empty is none.",
    parse: (text) => (text === "" ? ok(undefined) : parseHostPort(text)),
    print: (server) => (server === undefined ? "" : formatHostPort(server)),
  }),
  row({
    section: "device",
    key: "allow",
    name: "deviceAllow",
    defaultText: "",
    help: "The services they may reach: 10.41.51.152:23, 192.168.0.0/24:80. Empty is none.",
    parse: parseServices,
    print: formatServices,
  }),
  row({
    section: "device",
    key: "tls",
    name: "deviceTls",
    defaultText: "false",
    help: "Speak TLS to the server, and check its certificate.",
    parse: parseBoolean,
    print: String,
  }),
  row({
    section: "device",
    key: "ca",
    name: "deviceAuthority",
    defaultText: "",
    help: "The authority that has signed it, a file in PEM. Empty is those that the system knows.",
    parse: ok<string>,
    print: String,
  }),
  row({
    section: "device",
    key: "cert",
    name: "deviceCertificate",
    defaultText: "",
    help: "Our own certificate, a file in PEM, where the server wants one.",
    parse: ok<string>,
    print: String,
  }),
  row({
    section: "device",
    key: "key",
    name: "deviceKey",
    defaultText: "",
    help: "Its private key, a file in PEM.",
    parse: ok<string>,
    print: String,
  }),
  row({
    section: "device",
    key: "secret",
    name: "deviceSecret",
    defaultText: "",
    help: "What the server wants to hear (SECR), over TLS only.",
    parse: ok<string>,
    print: (secret) => (secret === "" ? "" : "***"),
  }),
] as const;

import { didYouMean } from "../parse/near-miss.js";
import { fail, ok, type Result } from "../parse/result.js";
import { hasBody, readUrl, WebhookRequests } from "../webhook/webhook-request.js";
import type { WebhookHeader, WebhookSettings } from "../webhook/webhook-settings.js";
import { printValue } from "./ini-line.js";
import { lineTitle, PORT_SECTIONS } from "./keys.js";
import { listensOf } from "./listen.js";
import type { SectionReader } from "./port-sections.js";
import type { Settings } from "./settings.js";
import { parseHttpUrl } from "./values.js";
import { wholeSection } from "./whole-section.js";

/** A key of `[webhook NAME]`. */
interface WebhookKey {
  readonly key: string;
  readonly unit: string;
  readonly range: string;
  readonly defaultText?: string;
  readonly help: string;
}

/** All keys of `[webhook NAME]` (docs/events.md). */
export const WEBHOOK_KEYS: readonly WebhookKey[] = [
  {
    key: "url",
    unit: "URL",
    range: "http or https",
    help: "Where events go. It may have a login, and words in braces in path and query: http://user:password@hub/api/{name}?event={event}",
  },
  {
    key: "method",
    unit: "word",
    range: "POST, PUT, PATCH, GET, DELETE, HEAD",
    defaultText: "POST",
    help: "The method of the request.",
  },
  {
    key: "header",
    unit: "Name: value",
    range: "a line each, up to 32",
    help: "A header of the request, perhaps with words in braces: Authorization: Bearer 123",
  },
  {
    key: "body",
    unit: "text",
    range:
      "words in braces: event, time, pid, name, listener, remote, client, bytes, text, reason, device, downMs, count",
    help: "The body of the request. Content-Type says how values are escaped: JSON, form, XML. Empty is the event as JSON.",
  },
];

const METHODS = ["POST", "PUT", "PATCH", "GET", "DELETE", "HEAD"];
const MAX_HEADERS = 32;
const MAX_BODY = 16_384; // characters
/** Headers that are of the connection or made of the rest of the request (RFC 9110, section 7.6.1; RFC 9112, section 6). */
const OURS = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i; // RFC 9110, section 5.6.2

/** Reads `[webhook NAME]`. */
export function webhookSection(name: string, webhooks: WebhookSettings[]): SectionReader {
  let url: string | undefined;
  let method = "POST";
  let body: string | undefined;
  const headers: WebhookHeader[] = [];
  const take = (key: string, value: string): string | undefined => {
    switch (key) {
      case "url": {
        const parsed = parseUrl(value);
        if (parsed.ok) url = value;
        return parsed.ok ? undefined : parsed.message;
      }
      case "method":
        method = value.toUpperCase();
        return METHODS.includes(method) ? undefined : `one of ${METHODS.join(", ")} is wanted`;
      case "header": {
        const parsed = parseHeader(value, headers);
        if (parsed.ok) headers.push(parsed.value);
        return parsed.ok ? undefined : parsed.message;
      }
      default:
        if (value !== "") body = value;
        return value.length > MAX_BODY ? `the body has more than ${MAX_BODY} characters` : undefined;
    }
  };
  return wholeSection({
    keys: WEBHOOK_KEYS.map(({ key }) => key),
    repeated: "header",
    take,
    finish: () => {
      if (url === undefined) return "url is missing: where events go";
      const webhook = { name, url, method, headers, ...(body !== undefined && { body }) };
      const problem = problemOf(webhook);
      if (problem === undefined) webhooks.push(webhook);
      return problem;
    },
  });
}

function parseUrl(text: string): Result<string> {
  const url = parseHttpUrl(text);
  if (!url.ok) return url;
  const read = readUrl(text);
  return read.ok ? url : fail(read.message);
}

/** @param before the headers that stand in front of it */
function parseHeader(text: string, before: readonly WebhookHeader[]): Result<WebhookHeader> {
  const colon = text.indexOf(":");
  const name = text.slice(0, Math.max(colon, 0)).trim();
  const value = text.slice(colon + 1).trim();
  if (!HEADER_NAME.test(name)) return fail("Name: value is wanted");
  if (OURS.has(name.toLowerCase())) return fail(`${name} is made by the daemon itself`);
  if (before.some((one) => one.name.toLowerCase() === name.toLowerCase())) return fail(`${name} is given twice`);
  if (before.length === MAX_HEADERS) return fail(`more than ${MAX_HEADERS} headers`);
  if (/[^\x20-\x7e]/.test(value)) return fail(`${name}: only ASCII can be in a header`);
  return ok({ name, value });
}

function problemOf(webhook: WebhookSettings): string | undefined {
  if (webhook.name === "none") return "none means that there is no webhook";
  if (/\s/.test(webhook.name)) return "the name of a webhook has no blanks: options and clients name it";
  if (webhook.body !== undefined && !hasBody(webhook.method)) return `a ${webhook.method} has no body`;
  const requests = WebhookRequests.of(webhook);
  return requests.ok ? undefined : requests.message;
}

/** The lines of `[webhook NAME]` as a configuration file has them. Path and query of the URL, headers and body may be secrets. */
export function printWebhook({ url, method, headers, body }: WebhookSettings): string[] {
  return [
    `url=${maskPath(url)}`,
    `method=${method}`,
    ...headers.map(({ name }) => `header=${printValue(`${name}: ***`)}`),
    ...(body === undefined ? [] : ["body=***"]),
  ];
}

/** A URL as people may see it: scheme, host and port, and whether there is more. */
function maskPath(url: string): string {
  const { origin, pathname, search, username } = new URL(url);
  const rest = pathname === "/" && search === "" ? "/" : "/***";
  return username === "" ? origin + rest : origin.replace("//", "//***@") + rest;
}

/** Why a client or a line cannot have this webhook; undefined: it can. */
export function webhookProblem(name: string | undefined, { webhooks }: Pick<Settings, "webhooks">): string | undefined {
  if (name === undefined || name === "" || webhooks.some((one) => one.name === name)) return undefined;
  return `unknown webhook "${name}": the configuration has no [webhook ${name}]`;
}

/** The problems of webhooks that `[host]` and lines name and that are not there. */
export function webhookProblems(settings: Settings): string[] {
  const names = settings.webhooks.map(({ name }) => name);
  const problem = (title: string, wanted: string | undefined): string[] => {
    const found = webhookProblem(wanted, settings);
    return found === undefined ? [] : [`${title}: ${found}${didYouMean(wanted ?? "", names)}`];
  };
  return [
    ...problem("[host] webhook", settings.webhook),
    ...PORT_SECTIONS.flatMap((section) =>
      settings[section].flatMap((line) => problem(lineTitle(section, line), line.route.options.webhook)),
    ),
  ];
}

/** Warns of lines whose clients all send datagrams: `[host] webhook` is not told of them. A line with `webhook=none` is left alone. */
export function webhookWarnings({ webhook, direct }: Pick<Settings, "webhook" | "direct">): string[] {
  if (webhook === "") return [];
  return direct
    .filter((line) => line.route.options.webhook === undefined && listensOf(line).every(({ datagrams }) => datagrams))
    .map(
      (line) =>
        `${lineTitle("direct", line)}: [host] webhook is not told of clients of listen=udp: (webhook=none says that this is meant)`,
    );
}

import type { GatewayEvent } from "../events/gateway-event.js";
import { EVENT_NAMES } from "../events/gateway-event.js";
import { type HttpEndpoint, type HttpRequest, parseHttpEndpoint, USER_AGENT } from "../net/http-endpoint.js";
import { fail, ok, type Result } from "../parse/result.js";
import { printableJson } from "../parse/text.js";
import { bodyKindOf, isJson } from "./body-kind.js";
import { inHeader, percentEncoded } from "./escapes.js";
import { Template } from "./template.js";
import type { WebhookSettings } from "./webhook-settings.js";

/** An event as long as it gets, to see whether a body with it is JSON. */
const SAMPLE: GatewayEvent = { event: EVENT_NAMES[0], time: "", text: "" };

/** Marks for words while `URL` reads the text around them: private characters, which no URL needs. */
const MARK = "\uE000";
const ENCODED_MARK = "%EE%80%80";

/** Makes the requests of one webhook. */
export class WebhookRequests {
  readonly #endpoint: HttpEndpoint;
  readonly #method: string;
  readonly #path: Template;
  readonly #headers: readonly (readonly [string, Template])[];
  readonly #body: Template | undefined;
  readonly #contentType: string | undefined;

  private constructor(
    endpoint: HttpEndpoint,
    method: string,
    path: Template,
    headers: readonly (readonly [string, Template])[],
    body: Template | undefined,
    contentType: string | undefined,
  ) {
    this.#endpoint = endpoint;
    this.#method = method;
    this.#path = path;
    this.#headers = headers;
    this.#body = body;
    this.#contentType = contentType;
  }

  /** @returns the problem of a template */
  static of({ url, method, headers, body }: WebhookSettings): Result<WebhookRequests> {
    const place = readUrl(url);
    if (!place.ok) return place;
    const fields: (readonly [string, Template])[] = [];
    for (const { name, value } of headers) {
      const field = Template.read(value, () => inHeader);
      if (!field.ok) return field;
      fields.push([name.toLowerCase(), field.value]);
    }
    const { endpoint, path } = place.value;
    const given = headers.find(({ name }) => name.toLowerCase() === "content-type")?.value;
    if (body === undefined) {
      const type = hasBody(method) ? (given ?? "application/json") : undefined;
      return ok(new WebhookRequests(endpoint, method, path, fields, undefined, given === undefined ? type : undefined));
    }
    const text = readBody(body, given);
    if (!text.ok) return text;
    const type = given === undefined ? bodyKindOf(body, given).type : undefined;
    return ok(new WebhookRequests(endpoint, method, path, fields, text.value, type));
  }

  /** Scheme, host and port. */
  get origin(): string {
    return this.#endpoint.origin;
  }

  /** The request for an event. */
  requestFor(event: GatewayEvent): HttpRequest {
    const { authorization } = this.#endpoint;
    const body = this.#body?.fill(event) ?? (hasBody(this.#method) ? printableJson(event) : undefined);
    return {
      method: this.#method,
      path: withoutSteps(this.#path.fill(event)),
      headers: {
        "user-agent": USER_AGENT,
        ...(authorization !== undefined && { authorization }),
        ...(this.#contentType !== undefined && { "content-type": this.#contentType }),
        ...Object.fromEntries(this.#headers.map(([name, value]) => [name, value.fill(event)])),
      },
      ...(body !== undefined && { body }),
    };
  }
}

/** Whether a request with this method has a body. */
export function hasBody(method: string): boolean {
  return method === "POST" || method === "PUT" || method === "PATCH";
}

/** Reads a URL; path and query may have words. */
export function readUrl(url: string): Result<{ readonly endpoint: HttpEndpoint; readonly path: Template }> {
  const template = Template.read(url, () => percentEncoded);
  if (!template.ok) return template;
  if (url.includes(MARK)) return fail("the character U+E000 cannot be in it");
  const head = /^[a-z]+:\/\/[^/?#]*/i.exec(url)?.[0] ?? url;
  if (/\{[a-z]+\}/i.test(head))
    return fail("words in braces go into the path and the query, not into the host or the login");
  const words: string[] = [];
  const marked = url.replace(/\{\{[a-z]+\}\}|\{[a-z]+\}/gi, (word) => {
    words.push(word);
    return MARK;
  });
  const endpoint = parseHttpEndpoint(marked);
  const path = (endpoint.path + endpoint.query).split(ENCODED_MARK);
  const text = path.map((part, index) => part + (words[index] ?? "")).join("");
  const read = Template.read(text, () => percentEncoded);
  return read.ok ? ok({ endpoint, path: read.value }) : read;
}

/** Reads a body. @param contentType as a header has it */
export function readBody(body: string, contentType: string | undefined): Result<Template> {
  const kind = bodyKindOf(body, contentType);
  const template = Template.read(body, (before) => kind.escapeAt(before));
  if (!template.ok || !isJson(kind)) return template;
  try {
    JSON.parse(template.value.fill(SAMPLE));
    return template;
  } catch {
    return fail("the body is no JSON, as it begins like some, or its Content-Type says so"); // what stands there may be secret
  }
}

/**
 * Servers take a segment of one or two dots for a step to another folder, percent-encoded or not (RFC 3986, section 5.2.4): where a value
 * makes such a segment, its dots are encoded twice.
 */
function withoutSteps(path: string): string {
  const end = path.includes("?") ? path.indexOf("?") : path.length;
  const segments = path.slice(0, end).split("/");
  return (
    segments.map((one) => (/^\.{1,2}$/.test(one) ? one.replaceAll(".", "%252E") : one)).join("/") + path.slice(end)
  );
}

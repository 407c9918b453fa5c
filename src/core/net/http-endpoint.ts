/** How the daemon names itself to servers that it tells something. */
export const USER_AGENT = "sockproxyd-1";

/** One HTTP request. */
export interface HttpRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The parts of an HTTP URL that a request is made of. */
export interface HttpEndpoint {
  /** Scheme, host and port: `http://host:3480`. */
  readonly origin: string;
  /** Percent-encoded; `/` at least. */
  readonly path: string;
  /** With its `?`; empty where the URL has none. */
  readonly query: string;
  /** Value of the `Authorization` header (RFC 7617); undefined where the URL has neither a user nor a password. */
  readonly authorization: string | undefined;
}

/**
 * Takes a URL apart.
 *
 * @param url http or https, perhaps with `user:password@`; either of both may be missing
 * @throws {TypeError} when it is no URL
 */
export function parseHttpEndpoint(url: string): HttpEndpoint {
  const { origin, pathname, search, username, password } = new URL(url);
  const login = decodePercent(`${username}:${password}`).toString("base64");
  return {
    origin,
    path: pathname,
    query: search,
    authorization: username === "" && password === "" ? undefined : `Basic ${login}`,
  };
}

/** The bytes of a login as `URL` gives it: in ASCII, with everything else percent-encoded. They need not be UTF-8. */
function decodePercent(text: string): Buffer {
  const bytes = text.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, "latin1");
}

/** A base URL, or its path, as a path of ours may follow it: without slashes at its end. */
export function withoutEndSlashes(base: string): string {
  return base.replace(/(?<!\/)\/+$/, "");
}

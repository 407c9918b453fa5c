import type { IncomingHttpHeaders } from "node:http";
import { HostList } from "../access/access-rules.js";
import type { Settings } from "../core/config/settings.js";
import { type ClientOrigin, isLocalClient } from "../core/net/client-origin.js";
import { isHere, type Reader } from "../core/web/reader.js";
import { forwardedFor, isAnyName, isForwarded, isHostTrusted, userOfProxy } from "../core/web/request.js";
import type { Clock } from "../system/clock.js";
import { errorPage, type HttpReply } from "./http-reply.js";
import { Login } from "./login.js";

/** The settings of the gate. */
export type GateSettings = Pick<Settings, "webNames" | "webUser" | "webPassword" | "webTrustedProxy">;

/** Asks for the login; browsers show a form then. */
const CHALLENGE = { "WWW-Authenticate": 'Basic realm="sockproxyd", charset="UTF-8"' };

const NO_HOST = "the request says no Host: localhost, or the address of the daemon, is wanted";
const STRANGE_HOST = "ask for this page by an address, not by a name; or [web] names in the configuration has the name";

/** Decides who may read the page: whoever has called it by a name of ours, and on other machines has logged in. */
export class Gate {
  readonly #login: Login;
  #names: Settings["webNames"] = [];
  #trusted: HostList | undefined;

  constructor(clock: Clock) {
    this.#login = new Login(clock);
  }

  /** Obeys these settings from now on. Wrong logins stay counted. */
  configure(settings: GateSettings): void {
    this.#names = settings.webNames;
    this.#trusted = settings.webTrustedProxy.length === 0 ? undefined : new HostList(settings.webTrustedProxy);
    this.#login.configure(settings);
  }

  /** The names by which the page may be called. */
  get names(): Settings["webNames"] {
    return this.#names;
  }

  /** Whether the configuration has a login. */
  get hasLogin(): boolean {
    return this.#login.isWanted;
  }

  /**
   * Finds out who asks.
   *
   * @param refused called with the reason when a login is refused, for the log
   * @returns the reader, or the reply to one that may not read
   */
  enter(
    headers: IncomingHttpHeaders,
    origin: ClientOrigin,
    refused: (reason: string) => void,
  ): { readonly reader: Reader } | { readonly reply: HttpReply } {
    if (!isHostTrusted(headers.host, this.#names)) {
      return { reply: errorPage(403, headers.host === undefined ? NO_HOST : STRANGE_HOST) };
    }
    const mayBeRebound = isAnyName(headers.host, this.#names);
    const reader: Reader = { origin, isForwarded: isForwarded(headers), mayBeRebound };
    if (this.#isTrusted(reader)) return { reader: { ...reader, user: userOfProxy(headers) } };
    const login = this.#login.check(headers.authorization, origin.address ?? "", forwardedFor(headers));
    if (login.kind === "right") return { reader: { ...reader, user: login.user } };
    if (isHere(reader) || !this.hasLogin) return { reader };
    switch (login.kind) {
      case "none":
        return { reply: errorPage(401, "a login is wanted", CHALLENGE) };
      case "wrong":
        refused("wrong login");
        return { reply: errorPage(401, "wrong login", CHALLENGE) };
      case "limited": {
        const seconds = Math.ceil(login.waitMs / 1000);
        return {
          reply: errorPage(429, `too many wrong logins; the next one in ${seconds} s`, {
            "Retry-After": String(seconds),
          }),
        };
      }
    }
  }

  /**
   * Whether a proxy of `[web] trusted-proxy` asks for a user that has logged in there. On this machine a page of another site could ask in its
   * place, with headers as it likes. And nobody becomes such a proxy by what the header of another one says (PROXY protocol).
   */
  #isTrusted({ origin, isForwarded, mayBeRebound }: Reader): boolean {
    const { address = "", hops, isProxied = false } = origin;
    if (this.#trusted === undefined || !isForwarded || hops > 0 || isProxied || address === "") return false;
    return this.#trusted.covers("", address) && !(mayBeRebound && isLocalClient(origin));
  }
}

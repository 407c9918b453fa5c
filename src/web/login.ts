import type { Settings } from "../core/config/settings.js";
import { LoginLimit, OF_ONE, OF_PROXY } from "../core/web/login-limit.js";
import type { Clock } from "../system/clock.js";
import { secretMatches } from "../system/same-secret.js";

/** What the `Authorization` of a request is worth. */
export type LoginResult =
  | { readonly kind: "none" }
  | { readonly kind: "right"; readonly user: string }
  | { readonly kind: "wrong" }
  | { readonly kind: "limited"; readonly waitMs: number };

/** The login of `[web] user` and `password`: HTTP Basic (RFC 7617), in UTF-8. */
export class Login {
  readonly #clock: Clock;
  readonly #ofReaders = new LoginLimit(OF_ONE);
  readonly #ofProxies = new LoginLimit(OF_PROXY);
  #user = "";
  /** `user:password`; undefined: there is no login. */
  #expected: string | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  configure({ webUser, webPassword }: Pick<Settings, "webUser" | "webPassword">): void {
    this.#user = webUser;
    this.#expected = webPassword === "" ? undefined : `${webUser}:${webPassword}`;
  }

  /** Whether the configuration has a login. */
  get isWanted(): boolean {
    return this.#expected !== undefined;
  }

  /**
   * Judges a login, in a time that tells nothing of the password. Without a login in the configuration there is none.
   *
   * @param authorization the header
   * @param address of the reader: after some wrong logins it has to wait
   * @param forwardedFor the address for which a proxy at `address` asks; undefined: there is none. Whoever is no proxy may write there what
   * it likes, and is limited as a proxy is.
   */
  check(authorization: string | undefined, address: string, forwardedFor?: string): LoginResult {
    const [, encoded] = /^basic +([a-z\d+/=_-]*)$/i.exec(authorization ?? "") ?? [];
    if (this.#expected === undefined || encoded === undefined) return { kind: "none" };
    const now = this.#clock.now();
    const limits: [LoginLimit, string][] =
      forwardedFor === undefined
        ? [[this.#ofReaders, address]]
        : [
            [this.#ofReaders, `${address} for ${forwardedFor}`],
            [this.#ofProxies, address],
          ];
    const waitMs = Math.max(...limits.map(([limit, key]) => limit.waitMs(key, now)));
    if (waitMs > 0) return { kind: "limited", waitMs };
    if (secretMatches(Buffer.from(encoded, "base64"), this.#expected)) {
      return { kind: "right", user: this.#user };
    }
    for (const [limit, key] of limits) limit.failed(key, now);
    return { kind: "wrong" };
  }
}

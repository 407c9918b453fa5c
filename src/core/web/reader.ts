import { type ClientOrigin, clientName, isLocalClient } from "../net/client-origin.js";
import { printable } from "../parse/text.js";

/** Who reads the web page. */
export interface Reader {
  readonly origin: ClientOrigin;
  /** A proxy asks for somebody else. */
  readonly isForwarded: boolean;
  /** Only `[web] names=*` knows the name by which the page is called: it may be that of another site, whose page asks (DNS rebinding). */
  readonly mayBeRebound: boolean;
  /** The user that has logged in, here or at a proxy that the configuration trusts; left out: nobody has. */
  readonly user?: string;
}

/** Whether the reader is on this machine, has not come through this daemon, and asks for nobody else: neither as a proxy nor as another site. */
export function isHere({ origin, isForwarded, mayBeRebound }: Reader): boolean {
  return !isForwarded && !mayBeRebound && origin.hops === 0 && isLocalClient(origin);
}

/**
 * Why a reader may not change anything; undefined when it may: on this machine, or with the login (docs/web-and-metrics.md, "Actions").
 *
 * @param hasLogin whether the configuration has a login
 */
export function actionDenialReason(reader: Reader, hasLogin: boolean): string | undefined {
  if (isHere(reader) || reader.user !== undefined) return undefined;
  const remedy = hasLogin ? "with the login only" : "[web] user and password in the configuration allow it";
  if (reader.mayBeRebound && isHere({ ...reader, mayBeRebound: false })) {
    return `not by a name that only [web] names=* knows: call the page by an address; or ${remedy}`;
  }
  return `not ${reader.isForwarded ? "through a proxy" : "from another machine"}; ${remedy}`;
}

/** The reader as the log names it: `127.0.0.1`, or `admin from 192.168.0.7 (through a proxy)`. */
export function readerName({ origin, isForwarded, user }: Reader): string {
  const address = `${clientName(origin)}${isForwarded ? " (through a proxy)" : ""}`;
  return user === undefined ? address : `${printable(user)} from ${address}`;
}

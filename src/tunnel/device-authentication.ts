import type { TunnelOptions } from "../core/tunnel/tunnel-options.js";
import { secretMatches } from "../system/same-secret.js";

/** What a device has said of itself before LISTEN. */
export interface Introduction {
  readonly name?: string;
  readonly secret?: Buffer;
}

/** Which device that is: undefined where the line is for one, which needs no name. Or why it is none, for the log of the server only. */
export type Identity = { readonly device: string | undefined } | { readonly wrong: string };

/** Characters of a name in a message. It comes from a stranger. */
const MAX_NAME = 40;

/** Finds which device of a line this is. How long that takes does not tell whether the name or the secret is wrong. */
export function identify({ secret, devices }: TunnelOptions, said: Introduction): Identity {
  if (devices.length === 0) {
    if (secret === undefined) return { device: undefined };
    return judge(said, secret, undefined);
  }
  const known = devices.find(({ name }) => name === said.name);
  const result = judge(said, known?.secret, said.name);
  if (known !== undefined || said.secret === undefined) return result;
  return { wrong: said.name === undefined ? "it did not send a name" : `its name "${shown(said.name)}" is unknown` };
}

function judge({ secret: given }: Introduction, secret: string | undefined, device: string | undefined): Identity {
  if (given === undefined) return { wrong: "it did not send the secret" };
  return secretMatches(given, secret ?? "") && secret !== undefined ? { device } : { wrong: "its secret is wrong" };
}

function shown(name: string): string {
  return name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name;
}

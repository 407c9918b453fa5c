// What the two processes of an upgrade tell each other (docs/upgrade.md). A later version may add fields, which are ignored, and kinds, which are
// answered as what this version cannot do.

/** The version of these messages. A later one that this version could not understand gets a higher number. */
export const UPGRADE_PROTOCOL = 1;

/** A socket that listens, and that the new process gets as this descriptor. */
export interface HandedSocket {
  /** Where it listens, as the configuration says it: a port of the new process with this name takes it. */
  readonly name: string;
  readonly fd: number;
  /** The address that it is bound to; left out for Unix sockets. */
  readonly host?: string;
  /** The service manager has opened it. */
  readonly isInherited?: boolean;
}

/** The name by which `free` tells that the links of `[device]` have ended. No port has such a name. */
export const DEVICE_LINKS = "[device]";

/** What the old process tells the new one. */
export type FromPredecessor =
  /**
   * First of all. `late`: names that the old process keeps until it says `free`: their lines have devices, or links, that take one process
   * at a time.
   */
  | {
      readonly kind: "sockets";
      readonly protocol: number;
      readonly version: string;
      readonly sockets: readonly HandedSocket[];
      readonly late: readonly string[];
    }
  /** The new process may listen. */
  | { readonly kind: "listen" }
  /** The old process listens there no more, and its line has no link here. */
  | { readonly kind: "free"; readonly name: string }
  /** A client's connection; its socket comes with it. */
  | { readonly kind: "session"; readonly id: string; readonly session: unknown }
  /** A connection whose client has gone, and may come back; the socket of its remote comes with it. */
  | { readonly kind: "parked"; readonly id: string; readonly session: unknown }
  /** The socket of its remote comes with it. */
  | { readonly kind: "remote"; readonly id: string }
  /** The connection is no longer here: the new process may read it. */
  | { readonly kind: "go"; readonly id: string }
  | { readonly kind: "unknown"; readonly id?: string };

/** What the new process tells the old one. */
export type FromSuccessor =
  /** Everything is ready that may fail: it waits for `listen`. */
  | { readonly kind: "ready"; readonly protocol: number; readonly version: string }
  /** It listens, and the service manager knows it. */
  | { readonly kind: "started" }
  | { readonly kind: "failed"; readonly message: string }
  /** It has the sockets of a connection and reads nothing yet. */
  | { readonly kind: "adopted"; readonly id: string }
  /** Files that were moved away are to be opened again. */
  | { readonly kind: "reopen" }
  /** It is to end, and the old one with it. */
  | { readonly kind: "stopping" }
  /** It cannot go on with a connection. */
  | { readonly kind: "declined"; readonly id: string; readonly reason: string }
  | { readonly kind: "unknown"; readonly id?: string };

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : "";
}

function number(fields: Fields, name: string): number {
  const value = fields[name];
  return typeof value === "number" ? value : 0;
}

function unknown(fields: Fields): { readonly kind: "unknown"; readonly id?: string } {
  return typeof fields["id"] === "string" ? { kind: "unknown", id: fields["id"] } : { kind: "unknown" };
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

function socketsOf(value: unknown): HandedSocket[] {
  if (!Array.isArray(value)) return [];
  return value.map(fieldsOf).flatMap((fields) => {
    const { name, fd, host } = fields;
    if (typeof name !== "string" || !Number.isInteger(fd)) return [];
    const socket = { name, fd: fd as number, ...(typeof host === "string" && { host }) };
    return [{ ...socket, ...(fields["isInherited"] === true && { isInherited: true }) }];
  });
}

/** Reads a message of the old process. */
export function fromPredecessor(value: unknown): FromPredecessor {
  const fields = fieldsOf(value);
  const [kind, id, name] = [text(fields, "kind"), text(fields, "id"), text(fields, "name")];
  if (kind === "sockets") {
    const [protocol, version] = [number(fields, "protocol"), text(fields, "version")];
    return { kind, protocol, version, sockets: socketsOf(fields["sockets"]), late: textsOf(fields["late"]) };
  }
  if (kind === "listen") return { kind };
  if (kind === "free" && name !== "") return { kind, name };
  if ((kind === "session" || kind === "parked") && id !== "") return { kind, id, session: fields["session"] };
  if ((kind === "remote" || kind === "go") && id !== "") return { kind, id };
  return unknown(fields);
}

/** Reads a message of the new process. */
export function fromSuccessor(value: unknown): FromSuccessor {
  const fields = fieldsOf(value);
  const [kind, id] = [text(fields, "kind"), text(fields, "id")];
  if (kind === "ready") return { kind, protocol: number(fields, "protocol"), version: text(fields, "version") };
  if (kind === "started" || kind === "reopen" || kind === "stopping") return { kind };
  if (kind === "failed") return { kind, message: text(fields, "message") };
  if (kind === "adopted" && id !== "") return { kind, id };
  if (kind === "declined" && id !== "") return { kind, id, reason: text(fields, "reason") };
  return unknown(fields);
}

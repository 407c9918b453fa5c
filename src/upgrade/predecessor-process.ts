import { once } from "node:events";
import { closeSync } from "node:fs";
import { fail, ok, type Result } from "../core/parse/result.js";
import { type FromSuccessor, fromPredecessor, type HandedSocket, UPGRADE_PROTOCOL } from "../core/upgrade/messages.js";
import { readSession, type SessionState } from "../core/upgrade/session-state.js";
import type { SocketHandle } from "../sockets/node-handle.js";
import type { Adopter, Predecessor } from "../supervisor/supervisor.js";
import { VERSION } from "../version.js";

/** The old process says at once what it hands over. */
const FIRST_WORD_MS = 5000;

/** A connection whose sockets come, or have come. */
interface Handed {
  readonly session: SessionState;
  readonly client: SocketHandle | undefined;
  remote?: SocketHandle | undefined;
}

/** Whether all its sockets have come. */
function isWhole({ session: { remote: state }, client, remote }: Handed): boolean {
  if (state?.parked !== undefined) return remote !== undefined || state.parked.closed !== undefined;
  return client !== undefined && (state === undefined || remote !== undefined);
}

interface Closable {
  close?(): void;
}

function closeHandle(handle: SocketHandle | undefined): void {
  (handle as Closable | undefined)?.close?.();
}

/** The old process, as the new one sees it: it hands over sockets that listen, and then connections, one after the other. */
export class PredecessorProcess implements Predecessor {
  /** Set before {@link ready}. */
  adopter: Adopter | undefined;
  readonly #process: NodeJS.Process;
  /** By the names of their ports. */
  readonly #sockets = new Map<string, HandedSocket>();
  /** What the old process is not through with, by name, and what tells that it is. */
  readonly #late = new Map<string, { readonly free: Promise<void>; readonly tell: () => void }>();
  /** Connections whose sockets come, or that wait until the old process has let go of them. */
  readonly #waiting = new Map<string, Handed>();
  #mayListen: () => void = () => {};
  #mayNotListen: () => void = () => {};
  #isOver = false;

  private constructor(own: NodeJS.Process) {
    this.#process = own;
  }

  /**
   * Meets the old process.
   *
   * @throws when it says nothing, or does not speak our language
   */
  static async meet(own: NodeJS.Process): Promise<PredecessorProcess> {
    const predecessor = new PredecessorProcess(own);
    await new Promise<void>((resolve, reject) => {
      const limit = setTimeout(
        () => reject(new Error("the old process does not say what it hands over")),
        FIRST_WORD_MS,
      );
      own.once("message", (message: unknown) => {
        clearTimeout(limit);
        const first = fromPredecessor(message);
        if (first.kind !== "sockets") reject(new Error("the old process begins with something else"));
        else if (first.protocol !== UPGRADE_PROTOCOL)
          reject(new Error(`the old process speaks version ${first.protocol}`));
        else resolve(predecessor.#begin(first.sockets, first.late));
      });
    });
    return predecessor;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  has(name: string): boolean {
    return this.#sockets.has(name);
  }

  take(name: string): HandedSocket | undefined {
    const socket = this.#sockets.get(name);
    this.#sockets.delete(name);
    return socket;
  }

  async ready(): Promise<void> {
    if (this.#isOver) return;
    const listen = new Promise<void>((resolve, reject) => {
      this.#mayListen = resolve;
      this.#mayNotListen = () => reject(new Error("the old process has gone before this one could take over"));
    });
    this.#say({ kind: "ready", protocol: UPGRADE_PROTOCOL, version: VERSION });
    return listen;
  }

  reopenFiles(): void {
    this.#say({ kind: "reopen" });
  }

  async end(): Promise<void> {
    if (this.#isOver) return;
    this.#say({ kind: "stopping" });
    await once(this.#process, "disconnect"); // the channel closes with that process
  }

  free(name: string): Promise<void> | undefined {
    return this.#late.get(name)?.free;
  }

  /** This process serves now. Closes what none of its ports has taken, or is to take. */
  started(): void {
    for (const name of [...this.#sockets.keys()]) if (!this.#late.has(name)) this.#closeLeft(name);
    this.#say({ kind: "started" });
  }

  /** Its line is gone: clients would be accepted by the kernel, and wait for ever. */
  #closeLeft(name: string): void {
    const left = this.take(name);
    if (left !== undefined) closeSync(left.fd);
  }

  /** This process cannot serve: the old one goes on. */
  failed(message: string): void {
    this.#say({ kind: "failed", message });
  }

  #begin(sockets: readonly HandedSocket[], late: readonly string[]): void {
    for (const socket of sockets) this.#sockets.set(socket.name, socket);
    for (const name of late) {
      let tell = (): void => {};
      const free = new Promise<void>((resolve) => {
        tell = resolve;
      });
      this.#late.set(name, { free, tell });
    }
    this.#process.on("message", (message: unknown, handle: unknown) => this.#told(message, handle as SocketHandle));
    this.#process.on("disconnect", () => this.#left());
  }

  #told(text: unknown, handle: SocketHandle | undefined): void {
    const message = fromPredecessor(text);
    switch (message.kind) {
      case "listen":
        this.#mayListen();
        return;
      case "free":
        this.#freed(message.name);
        return;
      case "session":
        this.#offered(message.id, message.session, handle);
        return;
      case "parked":
        this.#offered(message.id, message.session, undefined, handle);
        return;
      case "remote":
        this.#completed(message.id, handle);
        return;
      case "go":
        this.#go(message.id);
        return;
      case "sockets":
        return;
      case "unknown":
        closeHandle(handle);
        if (message.id !== undefined) this.#decline(message.id, "this version does not know such a message");
    }
  }

  #freed(name: string): void {
    const late = this.#late.get(name);
    this.#late.delete(name);
    late?.tell();
    void late?.free.then(() => this.#closeLeft(name)); // behind the port that waits for it
  }

  /** @param remote comes with a connection whose client has gone */
  #offered(id: string, text: unknown, client: SocketHandle | undefined, remote?: SocketHandle): void {
    const session = this.#readable(text);
    const handed = session.ok ? { session: session.value, client, remote } : undefined;
    if (handed === undefined || (client === undefined && !isWhole(handed))) {
      closeHandle(client ?? remote);
      this.#decline(id, session.ok ? "its socket has not come" : session.message);
      return;
    }
    this.#waiting.set(id, handed);
    if (isWhole(handed)) this.#say({ kind: "adopted", id });
  }

  #readable(text: unknown): Result<SessionState> {
    const session = readSession(text);
    if (!session.ok) return session;
    const refusal = this.adopter === undefined ? "it does not serve yet" : this.adopter.refusal(session.value);
    return refusal === undefined ? ok(session.value) : fail(refusal);
  }

  #completed(id: string, remote: SocketHandle | undefined): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) {
      closeHandle(remote); // it has been declined
      return;
    }
    if (remote === undefined) {
      this.#waiting.delete(id);
      closeHandle(waiting.client);
      this.#decline(id, "the socket of its remote has not come");
      return;
    }
    waiting.remote = remote;
    this.#say({ kind: "adopted", id });
  }

  #go(id: string): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (waiting !== undefined) this.adopter?.adopt({ ...waiting, remote: waiting.remote });
  }

  #decline(id: string, reason: string): void {
    this.#say({ kind: "declined", id, reason });
  }

  /** The old process has ended, and with it whatever it held. */
  #left(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#mayNotListen();
    for (const name of [...this.#late.keys()]) this.#freed(name);
    for (const [id, handed] of [...this.#waiting]) if (isWhole(handed)) this.#go(id);
  }

  #say(message: FromSuccessor): void {
    if (this.#process.connected) this.#process.send?.(message, undefined, undefined, () => {});
  }
}

import { createServer, type Server, type Socket } from "node:net";
import { Deque } from "../core/collections/deque.js";
import type { Cut, Framing, HttpHead } from "../core/framing/framing.js";
import { textOfMessage } from "../core/monitor/exchanges.js";
import type { Protocol } from "../core/mux/protocol.js";
import { formatHostPort, plainAddress } from "../core/net/address.js";
import type { Closing, DeviceScript, Saying } from "../core/record/exchanges-of.js";
import { ReplayedDevice } from "../core/record/replayed-device.js";
import { closeByReset } from "../sockets/node-handle.js";
import { systemClock, type Timer } from "../system/clock.js";

const MAX_CLIENTS = 256;
/** Bytes that a client has not read; beyond them the device reads no further request. */
const MAX_UNREAD = 1_048_576;
/** Answers that wait for their time (--timing); beyond them the device reads no further request. */
const MAX_DUE = 1000;
/** Silence after which bytes are a message where their framing cannot tell. */
const SETTLE_MS = 100;
/** A device that closes later than this behind its answer does so because nobody asks any more. */
const IDLE_MS = 1000;
/** Longest request, in bytes: one that comes in parts is kept until its end. */
const MAX_REQUEST = 16_777_216;

/** A server that plays a recorded device until the signal. @param say tells people what happens, in one line each */
export function replayServer(
  script: DeviceScript,
  timing: boolean,
  over: AbortSignal,
  say: (line: string) => void,
): Server {
  const device = new ReplayedDevice(script);
  const sockets = new Set<Socket>();
  let clients = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const visit = new Visit(socket, device, script.protocol, timing, say);
    visit.begin(device.unaskedFor(clients));
    clients += 1;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.maxConnections = MAX_CLIENTS;
  over.addEventListener("abort", () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return server;
}

/** One client of the replayed device. */
class Visit {
  readonly #socket: Socket;
  readonly #device: ReplayedDevice;
  readonly #protocol: Protocol;
  readonly #timing: boolean;
  readonly #say: (line: string) => void;
  readonly #framing: Framing;
  readonly #name: string;
  /** Of what the device says unasked. */
  readonly #timers = new Set<Timer>();
  /** What goes out, and when, in order. */
  readonly #due = new Deque<{ readonly at: number; readonly act: () => void }>();
  #next: Timer | undefined;
  #parts: Buffer[] = [];
  #size = 0;
  #head: HttpHead | undefined;
  #settle: Timer | undefined;
  /** When the last answer goes out: answers keep their order. */
  #busyUntil = 0;
  /** The client has sent FIN: the device ends behind its answers. */
  #hasEnded = false;
  /** A device that closes idle connections. */
  #idle: Timer | undefined;

  constructor(
    socket: Socket,
    device: ReplayedDevice,
    protocol: Protocol,
    timing: boolean,
    say: (line: string) => void,
  ) {
    this.#socket = socket;
    this.#device = device;
    this.#protocol = protocol;
    this.#timing = timing;
    this.#say = say;
    this.#framing = protocol.framing.requests();
    const { remoteAddress = "", remotePort = 0 } = socket;
    this.#name = formatHostPort({ host: plainAddress(remoteAddress), port: remotePort });
  }

  begin(unasked: readonly Saying[]): void {
    const socket = this.#socket;
    this.#say(`${this.#name}: connected`);
    for (const { bytes, afterMs } of unasked) {
      this.#timers.add(systemClock.after(afterMs, () => this.#write(bytes)));
    }
    socket.on("data", (chunk) => this.#received(chunk));
    socket.on("drain", () => this.#flow());
    socket.on("end", () => {
      this.#hasEnded = true;
      this.#run();
    });
    socket.on("error", () => {}); // the close that follows tells it
    socket.on("close", () => {
      for (const timer of this.#timers) timer.cancel();
      this.#settle?.cancel();
      this.#next?.cancel();
      this.#idle?.cancel();
      this.#say(`${this.#name}: disconnected`);
    });
  }

  #received(chunk: Buffer): void {
    this.#settle?.cancel();
    this.#idle?.cancel();
    this.#read(this.#framing.push(chunk));
    if (this.#framing.settles) {
      this.#settle = systemClock.after(SETTLE_MS, () => this.#read(this.#framing.settle?.() ?? []));
    }
  }

  #read(cuts: readonly Cut[]): void {
    for (const cut of cuts) {
      if (cut.kind === "junk") {
        this.#say(`${this.#name}: no message of ${this.#protocol.framing.name}: ${cut.reason}`);
        continue;
      }
      this.#head ??= cut.head;
      this.#size += cut.bytes.length;
      if (this.#size > MAX_REQUEST) {
        this.#say(`${this.#name}: a request of more than ${MAX_REQUEST} bytes`);
        this.#socket.destroy();
        return;
      }
      this.#parts.push(Buffer.from(cut.bytes));
      if (cut.kind === "frame") this.#request();
    }
  }

  /** A request is complete. */
  #request(): void {
    const [message, head] = [Buffer.concat(this.#parts), this.#head];
    this.#parts = [];
    this.#size = 0;
    this.#head = undefined;
    const reaction = this.#device.react(message, head);
    if (reaction.kind === "unknown") {
      const what = reaction.reply === undefined ? "no answer" : "answered with an error";
      this.#say(`${this.#name}: not in the recording, ${what}: ${textOfMessage(message, "up", this.#protocol)}`);
      if (reaction.reply !== undefined) this.#answer([{ bytes: reaction.reply, afterMs: 0 }]);
    } else this.#answer(reaction.answers, reaction.closes);
  }

  /** Sends answers, behind those that are on their way. */
  #answer(answers: readonly Saying[], closes?: Closing): void {
    const now = systemClock.now();
    let at = Math.max(now, this.#busyUntil);
    for (const { bytes, afterMs } of answers) {
      if (this.#timing) at += afterMs;
      this.#due.push({ at, act: () => this.#write(bytes) });
    }
    this.#busyUntil = at;
    if (closes !== undefined) {
      const close = (): void => {
        if (!closes.reset) return void this.#socket.end();
        closeByReset(this.#socket); // `resetAndDestroy` fails while a FIN is about to leave
        this.#socket.destroy();
      };
      const isIdle = closes.afterMs > IDLE_MS;
      const act = isIdle ? () => this.#closeWhenIdle(closes.afterMs, close) : close;
      this.#due.push({ at: at + (this.#timing && !isIdle ? closes.afterMs : 0), act });
    }
    this.#run();
  }

  /** The device closes a connection on which nobody asks anything. */
  #closeWhenIdle(ms: number, close: () => void): void {
    this.#idle?.cancel();
    this.#idle = systemClock.after(ms, close);
  }

  /** Does what is due, and waits for the next. */
  #run(): void {
    this.#next?.cancel();
    this.#next = undefined;
    for (let first = this.#due.first; first !== undefined; first = this.#due.first) {
      const ms = first.at - systemClock.now();
      if (ms > 0) {
        this.#next = systemClock.after(ms, () => this.#run());
        break;
      }
      this.#due.take();
      first.act();
    }
    this.#flow();
    if (this.#hasEnded && this.#next === undefined) this.#socket.end();
  }

  #write(bytes: Buffer): void {
    if (!this.#socket.writable) return;
    this.#socket.write(bytes);
    this.#flow();
  }

  /** Reads requests only while answers find room. */
  #flow(): void {
    if (this.#socket.writableLength > MAX_UNREAD || this.#due.size > MAX_DUE) this.#socket.pause();
    else this.#socket.resume();
  }
}

import type { Clock, Timer } from "./clock.js";
import { DEAF, type End, endedBy } from "./ends/end.js";
import type { Held } from "./hold.js";
import { LAST_BYTES_MS } from "./linger.js";

/** What a relay tells the connection it belongs to. */
export interface RelayOwner {
  /** So many bytes of the remote have been written to the client's socket, as far as it takes them now. */
  delivered(bytes: number): void;
  /** So many bytes of the client have been written to the remote, as far as it takes them now. */
  passed(bytes: number): void;
  /** The remote has ended; everything it sent is with the kernel. The client's FIN, or the connection's end, comes next. */
  ending(): void;
  /** The client has been sent everything, and FIN behind it. */
  toldClient(): void;
  /** Nothing more will pass, for this reason. The remote is gone; the client may still have bytes to take. */
  over(reason: string): void;
  fault(error: unknown): void;
}

export interface RelayRules {
  /** Most bytes one write hands on; 0: no limit. */
  readonly blockSize: number;
  /** Longest silence of the remote in milliseconds; 0: no limit. */
  readonly receiveTimeoutMs: number;
}

/** After one side's FIN the other one may be silent for this long: a plugin's reload must free a single-connection device. */
const HALF_CLOSED_SILENCE_MS = 5000;
/** How long a remote that has stopped reading is waited for, once the client has closed and its last bytes wait. */
const STALLED_MS = 60_000;

/** When something ends by itself, in milliseconds of the clock, and what it is called then. */
interface Deadline {
  readonly at: number;
  readonly reason: string;
}

/** One direction of a relay: from one end to the other, with back pressure. */
class Flow {
  /** Bytes that came. */
  bytes = 0;
  /** When something last came, or could come again after a stall. */
  last: number;
  /** The source has sent FIN. */
  eof = false;
  /** FIN has been passed on, behind everything. */
  finished = false;
  /** The sink does not take more for now, so the source is paused. */
  stalled = false;
  readonly from: End;
  readonly to: End;
  readonly #blockSize: number;
  readonly #clock: Clock;
  #rest: Buffer | undefined;

  constructor(from: End, to: End, blockSize: number, clock: Clock) {
    this.from = from;
    this.to = to;
    this.#blockSize = blockSize;
    this.#clock = clock;
    this.last = clock.now();
  }

  pass(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.last = this.#clock.now();
    if (this.#blockSize === 0 || chunk.length <= this.#blockSize) this.to.write(chunk);
    else this.#passInBlocks(chunk);
    if (this.to.unsent > 0 || this.#rest !== undefined) {
      this.stalled = true;
      this.from.pause();
    }
  }

  /** The sink has taken everything. */
  drained(): void {
    if (this.#rest !== undefined) this.#passInBlocks(this.#rest);
    if (!this.stalled || this.to.unsent > 0) return;
    this.last = this.#clock.now();
    this.stalled = false;
    if (!this.eof) this.from.resume();
  }

  /** No more comes: sends FIN behind what is still to be written. */
  finish(): void {
    this.eof = true;
    if (this.#rest !== undefined) this.to.write(this.#rest);
    this.#rest = undefined;
    this.to.end();
  }

  #passInBlocks(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.to.unsent === 0) {
      this.to.write(chunk.subarray(at, at + this.#blockSize));
      at += this.#blockSize;
    }
    this.#rest = at < chunk.length ? chunk.subarray(at) : undefined;
  }
}

/**
 * Moves bytes between a client and a remote, unmodified and in order, until both directions have ended or one of the limits
 * is reached (seed, "How It Works"): back pressure both ways, half-close both ways, no silence without end.
 */
export class Relay {
  readonly #client: End;
  readonly #remote: End;
  readonly #down: Flow;
  readonly #up: Flow;
  readonly #rules: RelayRules;
  readonly #clock: Clock;
  readonly #owner: RelayOwner;
  #timer: Timer | undefined;
  /** Who ended first, once somebody has. */
  #reason: string | undefined;
  /** When the last step of closing was taken. */
  #stepAt = 0;
  #over = false;

  constructor(client: End, remote: End, rules: RelayRules, clock: Clock, owner: RelayOwner) {
    this.#client = client;
    this.#remote = remote;
    this.#rules = rules;
    this.#clock = clock;
    this.#owner = owner;
    this.#down = new Flow(remote, client, rules.blockSize, clock);
    this.#up = new Flow(client, remote, rules.blockSize, clock);
  }

  /** Bytes from the remote. */
  get received(): number {
    return this.#down.bytes;
  }

  /** Bytes to the remote. */
  get sent(): number {
    return this.#up.bytes;
  }

  /** When the remote last sent something, by the clock. */
  get lastReceived(): number {
    return this.#down.last;
  }

  /** When the client last sent something, by the clock. */
  get lastSent(): number {
    return this.#up.last;
  }

  get remote(): End {
    return this.#remote;
  }

  /** Begins. `early`: what the client has sent for the remote already. */
  start(early: Held): void {
    const fault = (error: unknown): void => this.#owner.fault(error);
    this.#client.events = {
      data: (chunk) => this.#fromClient(chunk),
      eof: () => this.#clientEnded(),
      drained: () => this.#clientDrained(),
      finished: () => this.#clientFinished(),
      closed: (error) => this.#clientClosed(error),
      fault,
    };
    this.#remote.events = {
      data: (chunk) => this.#fromRemote(chunk),
      eof: () => this.#remoteEnded(),
      drained: () => this.#up.drained(),
      finished: () => this.#remoteFinished(),
      closed: (error) => this.#remoteClosed(error),
      fault,
    };
    if (early.bytes.length > 0) this.#fromClient(early.bytes);
    this.#remote.resume();
    if (early.ended) this.#clientEnded();
    else if (!this.#up.stalled) this.#client.resume();
    this.#watch();
  }

  /** Ends it from outside: the remote is let go, the client gets what is already here, then FIN. */
  close(reason: string): void {
    this.#finish(reason);
  }

  #fromRemote(chunk: Buffer): void {
    this.#down.pass(chunk);
    this.#owner.delivered(chunk.length);
  }

  #fromClient(chunk: Buffer): void {
    this.#up.pass(chunk);
    this.#owner.passed(chunk.length);
  }

  #clientDrained(): void {
    this.#down.drained();
    this.#owner.delivered(0);
  }

  #clientEnded(): void {
    this.#halfClosed(endedBy("client"));
    this.#up.finish();
  }

  #remoteEnded(): void {
    this.#halfClosed(endedBy("remote"));
    this.#down.finish();
    if (this.#client.unsent === 0) this.#owner.ending();
  }

  #clientFinished(): void {
    this.#down.finished = true;
    this.#owner.toldClient();
    this.#sideFinished();
  }

  #remoteFinished(): void {
    this.#up.finished = true;
    this.#sideFinished();
  }

  #clientClosed(error: Error | undefined): void {
    if (error !== undefined || !this.#up.eof || !this.#down.eof) this.#finish(this.#reason ?? endedBy("client", error));
  }

  #remoteClosed(error: Error | undefined): void {
    if (error !== undefined || !this.#up.eof || !this.#down.eof) this.#finish(this.#reason ?? endedBy("remote", error));
  }

  #halfClosed(reason: string): void {
    this.#reason ??= reason;
    this.#stepAt = this.#clock.now();
    this.#watch();
  }

  #sideFinished(): void {
    if (this.#up.finished && this.#down.finished) {
      this.#finish(this.#reason ?? endedBy("remote"));
      return;
    }
    this.#stepAt = this.#clock.now();
    this.#watch();
  }

  /** The next moment at which a silence is too long, and what it is called then; nothing while there is no limit. */
  #deadline(): Deadline | undefined {
    const closing = this.#closingDeadline();
    const { receiveTimeoutMs } = this.#rules;
    const down = this.#down;
    if (receiveTimeoutMs === 0 || down.eof) return closing;
    const from = down.stalled ? this.#clock.now() : down.last; // not its silence: it is not being read
    const at = from + receiveTimeoutMs;
    if (closing !== undefined && closing.at <= at) return closing;
    return { at, reason: `RTIM: the remote was silent for ${receiveTimeoutMs} ms` };
  }

  /** The limit for what remains to be done once somebody has closed. */
  #closingDeadline(): Deadline | undefined {
    const [up, down] = [this.#up, this.#down];
    if (up.eof && down.eof) {
      return { at: Math.max(this.#stepAt, up.last) + STALLED_MS, reason: this.#reason ?? endedBy("remote") };
    }
    if (up.eof) {
      const silence = up.finished ? HALF_CLOSED_SILENCE_MS : STALLED_MS;
      const limit = down.stalled ? LAST_BYTES_MS : silence;
      const reason = `${endedBy("client")}, and the remote was silent for ${limit / 1000} s`;
      return { at: Math.max(this.#stepAt, down.last, up.finished ? 0 : up.last) + limit, reason };
    }
    if (down.eof) {
      const limit = down.finished && !up.stalled ? HALF_CLOSED_SILENCE_MS : STALLED_MS;
      return { at: Math.max(this.#stepAt, up.last) + limit, reason: endedBy("remote") };
    }
    return undefined;
  }

  /** Waits for the deadline. Bytes that come put it off without touching the timer: it looks again when it fires. */
  #watch(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const deadline = this.#over ? undefined : this.#deadline();
    if (deadline === undefined) return;
    const ms = Math.max(1, Math.ceil(deadline.at - this.#clock.now()));
    this.#timer = this.#clock.after(ms, () => this.#expire());
  }

  #expire(): void {
    try {
      const deadline = this.#deadline();
      if (deadline !== undefined && deadline.at <= this.#clock.now()) this.#finish(deadline.reason);
      else this.#watch();
    } catch (error) {
      this.#owner.fault(error);
    }
  }

  #finish(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer?.cancel();
    this.#remote.events = DEAF;
    this.#remote.destroy();
    if (!this.#down.eof) this.#down.finish();
    this.#owner.over(reason);
  }
}

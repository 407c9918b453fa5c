import assert from "node:assert/strict";
import { Client, Device } from "./net.js";
import { until } from "./wait.js";

// The wire protocol of the tunnel, byte by byte, and scripted peers for both sides.

export const CONNECT = 1;
export const CLOSE = 2;
export const DATA = 3;
export const LISTEN = 4;
/** The commands that sockproxyd has added (docs/tunnel.md). */
export const PING = 6;
export const PONG = 7;
export const PAUSE = 8;
export const RESUME = 9;
/** Says the abilities of a `sockproxyd`. */
export const HELLO = 10;
/** What a `sockproxyd` says of one client to another that has named the ability in HELLO. */
export const FIN = 11;
export const CREDIT = 12;
/** The side ends the link on purpose, and says why. */
export const BYE = 14;
export const RESET = 15;
export const ACK = 16;
export const SESSION = 17;
/** The largest payload, in bytes. */
export const MOST = 65_535;

const HEADER = 4;

/** One decoded frame. */
export interface Frame {
  readonly command: number;
  readonly id: number;
  readonly payload: Buffer;
}

/** The bytes of a frame: size of the payload, command, client id, payload. */
export function frame(command: number, id: number, payload: Buffer | string = ""): Buffer {
  const body = typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
  const bytes = Buffer.alloc(HEADER + body.length);
  bytes.writeUInt16BE(body.length, 0);
  bytes[2] = command;
  bytes[3] = id;
  body.copy(bytes, HEADER);
  return bytes;
}

/** The payload of CONNECT: length of the address, address, port. */
export function connectPayload(address: string, port: number): Buffer {
  const text = Buffer.from(address, "latin1");
  const bytes = Buffer.alloc(2 + text.length + 2);
  bytes.writeUInt16BE(text.length, 0);
  text.copy(bytes, 2);
  bytes.writeUInt16BE(port, 2 + text.length);
  return bytes;
}

/** The `address:port` in a payload of CONNECT; fails when the payload is longer or shorter. */
export function connectTarget(payload: Buffer): string {
  const length = payload.readUInt16BE(0);
  assert.equal(payload.length, 2 + length + 2, "the length of a CONNECT");
  return `${payload.toString("latin1", 2, 2 + length)}:${payload.readUInt16BE(2 + length)}`;
}

/** The payload of SESSION: id, bytes received, time in milliseconds. */
export function sessionPayload(id: Buffer, received: number, ms: number): Buffer {
  const rest = Buffer.alloc(12);
  rest.writeBigUInt64BE(BigInt(received), 0);
  rest.writeUInt32BE(ms, 8);
  return Buffer.concat([id, rest]);
}

/** Reads the payload of SESSION. */
export function sessionOf(payload: Buffer): { readonly id: Buffer; readonly received: number; readonly ms: number } {
  assert.equal(payload.length, 28, "the length of a SESSION");
  const id = payload.subarray(0, 16);
  return { id, received: Number(payload.readBigUInt64BE(16)), ms: payload.readUInt32BE(24) };
}

/** A scripted end of a link that sends and receives frames. */
export class FramePeer {
  readonly client: Client;

  constructor(client: Client) {
    this.client = client;
  }

  /** Sends raw bytes. */
  write(bytes: Buffer): void {
    this.client.write(bytes);
  }

  /** Sends a frame. */
  send(command: number, id: number, payload: Buffer | string = ""): void {
    this.write(frame(command, id, payload));
  }

  /** Sends bytes in pieces of a size, one event-loop turn apart. */
  async dribble(bytes: Buffer, size = 1): Promise<void> {
    for (let at = 0; at < bytes.length; at += size) {
      this.write(bytes.subarray(at, at + size));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Takes the next complete frame. */
  async frame(withinMs?: number): Promise<Frame> {
    await until(
      () => {
        if (this.#holdsOne()) return true;
        if (this.client.closed || this.client.ended) throw new Error("the link has ended before a frame");
        return false;
      },
      "a frame",
      withinMs,
    );
    const { bytes } = this.client;
    const end = HEADER + bytes.readUInt16BE(0);
    this.client.bytes = bytes.subarray(end);
    return { command: bytes.readUInt8(2), id: bytes.readUInt8(3), payload: Buffer.from(bytes.subarray(HEADER, end)) };
  }

  /** Takes the next frame, which must have this command; returns its payload. Skips HELLO, and a CLOSE that confirms an earlier CLOSE. */
  async expect(command: number, id: number, withinMs?: number): Promise<Buffer> {
    for (;;) {
      const next = await this.frame(withinMs);
      if ((next.command === CLOSE || next.command === HELLO) && command !== next.command) continue;
      assert.deepEqual({ command: next.command, id: next.id }, { command, id });
      return next.payload;
    }
  }

  /** Takes frames until the CLOSE of this client. */
  async closes(id: number, withinMs?: number): Promise<void> {
    for (;;) {
      const next = await this.frame(withinMs);
      if (next.command === CLOSE && next.id === id) return;
    }
  }

  /** Takes DATA frames of one client until they hold exactly so many bytes. No other frame may come in between. */
  async data(id: number, count: number): Promise<string> {
    let text = "";
    while (text.length < count) text += (await this.expect(DATA, id)).toString("latin1");
    assert.equal(text.length, count);
    return text;
  }

  /** Waits for the end of the link, for any reason. */
  async ended(withinMs?: number): Promise<void> {
    await until(() => this.client.closed || this.client.ended, "the link to end", withinMs);
  }

  #holdsOne(): boolean {
    const { bytes } = this.client;
    return bytes.length >= HEADER && bytes.length >= HEADER + bytes.readUInt16BE(0);
  }
}

/** A scripted device: connects to the server and sends LISTEN. */
export class ScriptedDevice extends FramePeer {
  /** @param silent sends no LISTEN */
  static async open(port: number, { silent = false } = {}): Promise<ScriptedDevice> {
    const device = new ScriptedDevice(await Client.open(port));
    if (!silent) device.send(LISTEN, 0);
    return device;
  }

  /** Takes the next frame, a CONNECT; returns the client id and the requested service. */
  async connect(): Promise<{ readonly id: number; readonly service: string }> {
    for (;;) {
      const { command, id, payload } = await this.frame();
      if (command === CLOSE || command === HELLO) continue; // a CLOSE confirms an earlier CLOSE
      assert.equal(command, CONNECT);
      return { id, service: connectTarget(payload) };
    }
  }
}

/** A scripted server: accepts devices. */
export class ScriptedServer {
  readonly device: Device;
  readonly #links: FramePeer[] = [];

  constructor(device: Device) {
    this.device = device;
  }

  static async open(port?: number): Promise<ScriptedServer> {
    return new ScriptedServer(await Device.open("127.0.0.1", port));
  }

  get port(): number {
    return this.device.port;
  }

  /** The number of devices that have connected so far. */
  get count(): number {
    return this.device.clients.length;
  }

  /** The next device, after its LISTEN and its first PING, which asks whether the server answers pings. */
  async link(withinMs?: number): Promise<FramePeer> {
    const index = this.#links.length;
    await until(() => this.count > index, `device ${index} of the server`, withinMs);
    const link = new FramePeer(await this.device.client(index));
    this.#links.push(link);
    for (const expected of [LISTEN, PING]) {
      const { command, id, payload } = await link.frame();
      assert.deepEqual({ command, id, length: payload.length }, { command: expected, id: 0, length: 0 });
    }
    return link;
  }

  close(): void {
    this.device.close();
  }
}

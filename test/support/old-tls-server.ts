import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  privateDecrypt,
  randomBytes,
  X509Certificate,
} from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { Pair } from "./certificates.js";

const RECORD = { cipherSpec: 20, alert: 21, handshake: 22, data: 23 };
const VERSION = Buffer.of(3, 3); // TLS 1.2
const AES128_SHA = Buffer.of(0, 0x2f);
const [MAC, KEY, BLOCK] = [20, 16, 16];

/**
 * A TLS 1.2 server as they were before RFC 5746: its ServerHello has no extensions, so no secure renegotiation either. It knows one cipher
 * (AES128-SHA, RFC 5246) and sends back what it is sent. openssl cannot be such a server.
 */
export class OldTlsServer {
  readonly server: Server;

  /** @param pair an RSA certificate and its key */
  constructor(pair: Pair) {
    this.server = createServer((socket) => void new OldTlsSession(socket, pair));
  }
}

class OldTlsSession {
  readonly #socket: Socket;
  readonly #pair: Pair;
  readonly #random = randomBytes(32);
  /** All messages of the handshake. */
  #said = Buffer.alloc(0);
  #unread = Buffer.alloc(0);
  #clientRandom = Buffer.alloc(0);
  #master: Buffer = Buffer.alloc(0);
  #from: Direction | undefined;
  #to: Direction | undefined;
  #isEncrypted = false;

  constructor(socket: Socket, pair: Pair) {
    this.#socket = socket;
    this.#pair = pair;
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      this.#unread = Buffer.concat([this.#unread, chunk]);
      this.#readRecords();
    });
  }

  #readRecords(): void {
    while (this.#unread.length >= 5 && this.#unread.length >= 5 + this.#unread.readUInt16BE(3)) {
      const [type = 0, end] = [this.#unread[0], 5 + this.#unread.readUInt16BE(3)];
      const body = this.#unread.subarray(5, end);
      this.#unread = this.#unread.subarray(end);
      if (type === RECORD.cipherSpec) this.#isEncrypted = true;
      else this.#record(type, this.#isEncrypted && this.#from ? this.#from.open(type, body) : body);
    }
  }

  #record(type: number, body: Buffer): void {
    if (type === RECORD.data) this.#send(RECORD.data, body);
    if (type === RECORD.alert) this.#socket.end();
    for (let rest = body; type === RECORD.handshake && rest.length >= 4; ) {
      const end = 4 + rest.readUIntBE(1, 3);
      this.#message(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  }

  #message(message: Buffer): void {
    const [kind, before] = [message[0], this.#said];
    this.#said = Buffer.concat([before, message]);
    if (kind === 1) this.#hello(message);
    if (kind === 16) this.#exchangeKeys(message.subarray(6));
    if (kind === 20) this.#finish();
  }

  #hello(clientHello: Buffer): void {
    this.#clientRandom = Buffer.from(clientHello.subarray(6, 38));
    const certificate = new X509Certificate(readFileSync(this.#pair.certificate)).raw;
    const chain = Buffer.concat([length(certificate, 3), certificate]);
    const noExtensions = Buffer.concat([VERSION, this.#random, Buffer.of(0), AES128_SHA, Buffer.of(0)]);
    this.#say(2, noExtensions);
    this.#say(11, Buffer.concat([length(chain, 3), chain]));
    this.#say(14, Buffer.alloc(0));
  }

  #exchangeKeys(encrypted: Buffer): void {
    const key = { key: readFileSync(this.#pair.key), padding: constants.RSA_NO_PADDING };
    const premaster = privateDecrypt(key, encrypted).subarray(-48);
    this.#master = prf(premaster, "master secret", Buffer.concat([this.#clientRandom, this.#random]), 48);
    const block = prf(
      this.#master,
      "key expansion",
      Buffer.concat([this.#random, this.#clientRandom]),
      2 * (MAC + KEY),
    );
    const [keys, macs] = [block.subarray(2 * MAC), block.subarray(0, 2 * MAC)];
    this.#from = new Direction(macs.subarray(0, MAC), keys.subarray(0, KEY));
    this.#to = new Direction(macs.subarray(MAC), keys.subarray(KEY));
  }

  #finish(): void {
    this.#send(RECORD.cipherSpec, Buffer.of(1), false);
    const hash = createHash("sha256").update(this.#said).digest();
    this.#send(RECORD.handshake, handshakeOf(20, prf(this.#master, "server finished", hash, 12)));
  }

  #say(kind: number, body: Buffer): void {
    const message = handshakeOf(kind, body);
    this.#said = Buffer.concat([this.#said, message]);
    this.#send(RECORD.handshake, message, false);
  }

  #send(type: number, body: Buffer, isSealed = true): void {
    const content = isSealed && this.#to ? this.#to.seal(type, body) : body;
    this.#socket.write(Buffer.concat([Buffer.of(type), VERSION, length(content, 2), content]));
  }
}

/** The records of one direction: MAC, then encryption (RFC 5246, 6.2.3.2). */
class Direction {
  readonly #mac: Buffer;
  readonly #key: Buffer;
  #sequence = 0n;

  constructor(mac: Buffer, key: Buffer) {
    this.#mac = mac;
    this.#key = key;
  }

  seal(type: number, body: Buffer): Buffer {
    const signed = Buffer.concat([body, this.#sign(type, body)]);
    const padding = BLOCK - ((signed.length + 1) % BLOCK);
    const iv = randomBytes(BLOCK);
    const cipher = createCipheriv("aes-128-cbc", this.#key, iv).setAutoPadding(false);
    return Buffer.concat([iv, cipher.update(Buffer.concat([signed, Buffer.alloc(padding + 1, padding)]))]);
  }

  open(type: number, sealed: Buffer): Buffer {
    const decipher = createDecipheriv("aes-128-cbc", this.#key, sealed.subarray(0, BLOCK)).setAutoPadding(false);
    const plain = decipher.update(sealed.subarray(BLOCK));
    const body = plain.subarray(0, plain.length - MAC - 1 - (plain.at(-1) ?? 0));
    this.#sign(type, body);
    return body;
  }

  #sign(type: number, body: Buffer): Buffer {
    const head = Buffer.alloc(8);
    head.writeBigUInt64BE(this.#sequence);
    this.#sequence += 1n;
    return createHmac("sha1", this.#mac)
      .update(Buffer.concat([head, Buffer.of(type), VERSION, length(body, 2), body]))
      .digest();
  }
}

function handshakeOf(kind: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.of(kind), length(body, 3), body]);
}

function length({ length: count }: Buffer, bytes: number): Buffer {
  const field = Buffer.alloc(bytes);
  field.writeUIntBE(count, 0, bytes);
  return field;
}

/** The pseudorandom function of TLS 1.2 (RFC 5246, 5). */
function prf(secret: Buffer, label: string, seed: Buffer, count: number): Buffer {
  const start = Buffer.concat([Buffer.from(label), seed]);
  const mac = (data: Buffer): Buffer => createHmac("sha256", secret).update(data).digest();
  let made: Buffer = Buffer.alloc(0);
  let link: Buffer = start;
  while (made.length < count) {
    link = mac(link);
    made = Buffer.concat([made, mac(Buffer.concat([link, start]))]);
  }
  return made.subarray(0, count);
}

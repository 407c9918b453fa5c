import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./free-port.js";
import "./open-sockets.js";
import { until } from "./wait.js";

/** A TCP client that stores all received bytes. */
export class Client {
  readonly socket: Socket;
  /** The received bytes that the test has not taken yet. */
  bytes = Buffer.alloc(0);
  /** The peer has sent FIN. */
  ended = false;
  closed = false;
  error: NodeJS.ErrnoException | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
    });
    socket.on("end", () => {
      this.ended = true;
    });
    socket.on("close", () => {
      this.closed = true;
    });
    socket.on("error", (error) => {
      this.error = error;
    });
  }

  static async open(port: number, host = "127.0.0.1"): Promise<Client> {
    const socket = connect({ port, host, allowHalfOpen: true, noDelay: true });
    const client = new Client(socket);
    await once(socket, "connect");
    return client;
  }

  write(data: string | Buffer): void {
    this.socket.write(data);
  }

  /** Takes the next line, without LF. */
  async line(withinMs?: number): Promise<string> {
    await until(() => this.bytes.includes(10), "a line", withinMs);
    const end = this.bytes.indexOf(10);
    const line = this.bytes.toString("utf8", 0, end);
    this.bytes = this.bytes.subarray(end + 1);
    return line;
  }

  /** Takes the next `count` bytes. */
  async take(count: number, withinMs?: number): Promise<string> {
    await until(() => this.bytes.length >= count, `${count} bytes`, withinMs);
    const taken = this.bytes.toString("latin1", 0, count);
    this.bytes = this.bytes.subarray(count);
    return taken;
  }

  /** Waits for the peer's FIN and takes all bytes. */
  async rest(withinMs?: number): Promise<string> {
    await until(() => this.ended || this.closed, "the end of the stream", withinMs);
    const rest = this.bytes.toString("latin1");
    this.bytes = Buffer.alloc(0);
    return rest;
  }

  end(): void {
    this.socket.end();
  }

  /** Resets the connection. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** A TCP device that keeps a list of its clients. */
export class Device {
  readonly clients: Client[] = [];
  /** The number of clients that a test has waited for, or waits for. */
  awaited = 0;
  readonly #server: Server;

  readonly port: number;

  constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => this.clients.push(new Client(socket)));
  }

  static async open(host = "127.0.0.1", port?: number): Promise<Device> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.listen(port ?? (await freePort(host)), host);
    await once(server, "listening");
    return new Device(server);
  }

  /** Calls `meet` with each further client, before the first byte of it is read. */
  meetEach(meet: (client: Client) => void): void {
    this.#server.on("connection", () => meet(this.clients.at(-1) as Client));
  }

  /** Waits for the client number `index` and returns it. */
  async client(index = 0): Promise<Client> {
    await until(() => this.clients.length > index, `client ${index} of the device`);
    return this.clients[index] as Client;
  }

  /** Refuses further clients. */
  stopListening(): void {
    this.#server.close();
  }

  close(): void {
    for (const client of this.clients) client.destroy();
    this.#server.close();
  }
}

/** Connects to the proxy and reads the greeting; returns the client and the pid. */
export async function greet(port: number, host?: string): Promise<{ client: Client; pid: string }> {
  const client = await Client.open(port, host);
  const greeting = await client.line();
  const pid = /^OK TOGGLEDBITS-SOCKPROXY 1 ([0-9a-f]+)$/.exec(greeting)?.[1];
  if (pid === undefined) throw new Error(`no greeting: ${greeting}`);
  return { client, pid };
}

/** Connects through the proxy; returns the client, the pid of the reply, and the device's side. */
export async function relayed(
  proxyPort: number,
  device: Device,
  options = "",
): Promise<{ client: Client; pid: string; remote: Client }> {
  // a client that is connected may still have to be accepted by the device: that is not this one's
  const index = Math.max(device.clients.length, device.awaited);
  device.awaited = index + 1;
  const { client, pid } = await connected(proxyPort, device.port, options).catch((error: unknown) => {
    if (device.awaited === index + 1) device.awaited = index; // no client of the device comes of it
    throw error;
  });
  return { client, pid, remote: await device.client(index) };
}

/** Connects to the device of a port. @returns the client and the pid of the reply */
async function connected(
  proxyPort: number,
  devicePort: number,
  options: string,
): Promise<{ client: Client; pid: string }> {
  const { client } = await greet(proxyPort);
  client.write(`CONN 127.0.0.1:${devicePort} ${options}\n`);
  const answer = await client.line();
  const pid = /^OK CONN (\S+)$/.exec(answer)?.[1];
  if (pid === undefined) throw new Error(`not connected: ${answer}`);
  return { client, pid };
}

/** Sends RELD to a daemon; returns the reply. */
export async function reload(port: number): Promise<string> {
  const { client } = await greet(port);
  client.write("RELD\n");
  const reply = await client.line();
  client.destroy();
  return reply;
}

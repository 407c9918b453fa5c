import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import mqttPacket, { type IConnectPacket, type IPublishPacket, type Packet } from "mqtt-packet";
import { until } from "./wait.js";

/** What a broker of a test does not do. */
export interface BrokerLimits {
  /** Acknowledges no message of QoS 1, as openLuup does. */
  readonly isMute?: boolean;
  readonly answersNoPing?: boolean;
}

/** The broker's side of one connection. */
export interface BrokerClient {
  readonly socket: Socket;
  readonly connect: IConnectPacket;
  readonly published: IPublishPacket[];
  readonly subscribed: string[];
  disconnected: boolean;
  pings: number;
}

/** As much of an MQTT 3.1.1 broker as a test of the daemon needs: it has no other clients. */
export class TestBroker {
  readonly clients: BrokerClient[] = [];
  readonly port: number;
  readonly #server: Server;
  readonly #limits: BrokerLimits;

  private constructor(server: Server, limits: BrokerLimits) {
    this.#server = server;
    this.#limits = limits;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => this.#serve(socket));
  }

  static async start(limits: BrokerLimits = {}): Promise<TestBroker> {
    const server = createServer({ noDelay: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new TestBroker(server, limits);
  }

  /** Waits for connection number `index`. */
  async client(index = 0): Promise<BrokerClient> {
    await until(() => this.clients.length > index, `connection ${index} to the broker`);
    return this.clients[index] as BrokerClient;
  }

  /** Sends a message to the daemon. */
  send(topic: string, payload: string | Buffer, retain = false): void {
    const { socket } = this.clients.at(-1) as BrokerClient;
    socket.write(mqttPacket.generate({ cmd: "publish", topic, payload, retain, qos: 0, dup: false }));
  }

  /** Waits until a message of this topic has come on a connection, the last one if no other is named, and returns its payload. */
  async said(topic: string, payload: string | RegExp = /(?:)/, index = -1): Promise<string> {
    const fits = ({ topic: of, payload: text }: IPublishPacket): boolean =>
      of === topic && (typeof payload === "string" ? String(text) === payload : payload.test(String(text)));
    await until(() => this.clients.at(index)?.published.some(fits) ?? false, `${topic}: ${payload}`);
    return String(this.clients.at(index)?.published.findLast(fits)?.payload);
  }

  close(): void {
    this.#server.close();
    for (const { socket } of this.clients) socket.destroy();
  }

  #serve(socket: Socket): void {
    const parser = mqttPacket.parser();
    let client: BrokerClient | undefined;
    const answer = (packet: Packet): void => {
      socket.write(mqttPacket.generate(packet));
    };
    parser.on("packet", (packet: Packet) => {
      if (packet.cmd === "connect") {
        client = { socket, connect: packet, published: [], subscribed: [], disconnected: false, pings: 0 };
        this.clients.push(client);
        answer({ cmd: "connack", returnCode: 0, sessionPresent: false });
      } else if (packet.cmd === "publish") {
        client?.published.push(packet);
        if (packet.qos === 1 && this.#limits.isMute !== true) {
          answer({ cmd: "puback", ...(packet.messageId !== undefined && { messageId: packet.messageId }) });
        }
      } else if (packet.cmd === "subscribe") {
        client?.subscribed.push(...packet.subscriptions.map(({ topic }) => topic));
        const granted = packet.subscriptions.map(() => 0);
        answer({ cmd: "suback", granted, ...(packet.messageId !== undefined && { messageId: packet.messageId }) });
      } else if (packet.cmd === "pingreq") {
        if (client !== undefined) client.pings += 1;
        if (this.#limits.answersNoPing !== true) answer({ cmd: "pingresp" });
      }
      if (packet.cmd === "disconnect" && client !== undefined) client.disconnected = true;
    });
    socket.on("data", (chunk: Buffer) => parser.parse(chunk));
    socket.on("error", () => {});
  }
}

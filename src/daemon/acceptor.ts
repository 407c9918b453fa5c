import type { Socket } from "node:net";
import type { Pass } from "../accept/door.js";
import type { AcceptedClient, Listener } from "../accept/listener.js";
import { wantsProxyHeader } from "../accept/proxy-headers.js";
import { CAME_AND_WENT, GONE_ALREADY } from "../accept/rejections.js";
import { sendsDatagrams } from "../accept/stream-server.js";
import { TlsHandshakes } from "../accept/tls-handshakes.js";
import { Connection } from "../connection/connection.js";
import type { RegisteredConnection } from "../connection/connection-registry.js";
import { DatagramConnection } from "../connection/datagram-connection.js";
import { formatHostPort } from "../core/net/address.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import { fail } from "../core/parse/result.js";
import { faultText } from "../core/parse/text.js";
import { ConnectionIds } from "../core/setup/connection-ids.js";
import { EarlyData, NO_EARLY_BYTES } from "../sockets/early-data.js";
import type { End } from "../sockets/end.js";
import { acceptLocal } from "../sockets/local-end.js";
import { StreamEnd } from "../sockets/stream-end.js";
import { acceptTcp } from "../sockets/tcp-end.js";
import type { UdpEnd } from "../sockets/udp-end.js";
import type { DescriptorLease } from "../system/descriptor-budget.js";
import type { Generation } from "./generation.js";
import type { Services } from "./services.js";

/** Takes the sockets that ports accept: finds their origin, admits or rejects them, and makes connections of them. */
export class Acceptor {
  readonly #services: Services;
  readonly #generation: () => Generation;
  readonly #handshakes: TlsHandshakes;
  readonly #ids = new ConnectionIds();

  /** @param generation the one in force */
  constructor(services: Services, generation: () => Generation) {
    this.#services = services;
    this.#generation = generation;
    this.#handshakes = new TlsHandshakes({
      clock: services.clock,
      rejections: services.rejections,
      keepalive: () => generation().settings.keepalive,
      denialReason: (origin, listener) => generation().admission.denialReason(origin, listener),
      admit: (origin, listener) => generation().admission.admit(origin, listener),
      serve: (client, origin, listener, lease) => this.#serve(client, origin, listener, lease),
    });
  }

  /** @param socket just accepted by a server with `pauseOnConnect` and `allowHalfOpen`; not to be used any more */
  accept(listener: Listener, socket: Socket): void {
    if (listener.path !== undefined) {
      this.#acceptLocal(listener, socket);
      return;
    }
    const { own, proxyHeaders } = this.#services;
    if (!wantsProxyHeader(listener, socket)) {
      this.#acceptFrom(own.originOf(socket, listener), listener, socket);
      return;
    }
    proxyHeaders.read(socket, listener, (later, header) => {
      this.#acceptFrom(own.originOf(later, listener, header), listener, later);
    });
  }

  #acceptFrom(origin: ClientOrigin, listener: Listener, socket: Socket): void {
    const { tls } = listener;
    if (tls === undefined) this.#acceptTcp(listener, socket, origin);
    else if (typeof tls !== "string") this.#handshakes.begin(socket, origin, listener, tls);
    else this.#acceptTls(listener, socket, origin, tls);
  }

  /** A client that sends datagrams is no socket, but it has its share of memory, and may have a remote: it counts as one. */
  acceptDatagrams(listener: Listener, client: UdpEnd, refusal?: string): void {
    const { own, rejections } = this.#services;
    const origin = own.originOfDatagrams({ host: client.peerAddress, port: client.peerPort }, listener);
    const refuse = (reason: string, detail = ""): void => {
      rejections.mention(origin, listener, `${reason}${detail}`);
      client.destroy();
    };
    const admitted = refusal === undefined ? this.#generation().admission.admit(origin, listener) : fail(refusal);
    if (!admitted.ok) {
      refuse(admitted.message);
      return;
    }
    this.#enter(client, origin, listener, admitted.value, refuse, (id, pass) => {
      return new DatagramConnection(id, client, origin, listener, this.#generation().context, pass);
    });
  }

  /** Ends the handshakes that are under way. */
  close(): void {
    this.#services.proxyHeaders.close();
    this.#handshakes.close();
  }

  /** The owner of the daemon gets in even when there are too many clients: to look at them, or to stop it. */
  #acceptLocal(listener: Listener, socket: Socket): void {
    const client = acceptLocal(socket);
    const origin = { address: client.peerAddress, line: listener.name, hops: 0 };
    this.#serve(client, origin, listener, this.#services.descriptors.takeReserved());
  }

  /** @param name of the identity that the listener shows */
  #acceptTls(listener: Listener, socket: Socket, origin: ClientOrigin, name: string): void {
    const credentials = this.#generation().context.tlsIdentities.get(name);
    if (credentials !== undefined) this.#handshakes.begin(socket, origin, listener, credentials);
    else socket.destroy(); // the reload that brings the identity is not quite over
  }

  #acceptTcp(listener: Listener, socket: Socket, origin: ClientOrigin): void {
    const { admission, settings } = this.#generation();
    const client = acceptTcp(socket, settings.keepalive, sendsDatagrams(listener), origin.endpoints?.from);
    if (client.peerAddress === "") {
      client.destroy();
      this.#services.rejections.leftAtOnce(origin, listener, GONE_ALREADY);
      return;
    }
    const admitted = admission.admit(origin, listener);
    if (admitted.ok) this.#serve(client, origin, listener, admitted.value);
    else this.#services.rejections.reject(client, origin, listener, admitted.message);
  }

  #serve(client: StreamEnd, origin: ClientOrigin, listener: Listener, lease: DescriptorLease): void {
    const refuse = (reason: string, detail: string): void => {
      const reject = listener.limit?.refuse ?? listener.reject;
      this.#services.rejections.reject(client, origin, { name: listener.name, reject }, reason, detail);
    };
    this.#enter(client, origin, listener, lease, refuse, (id, pass) => {
      return new Connection(id, client, origin, listener, this.#generation().context, pass);
    });
  }

  /**
   * Asks the door of a line that limits its clients, and makes a connection of a client that may come in.
   *
   * @param refuse called in place of `connect` for one that may not
   */
  #enter(
    client: End,
    origin: ClientOrigin,
    listener: Listener,
    lease: DescriptorLease,
    refuse: (reason: string, detail: string) => void,
    connect: (id: string, pass?: Pass) => AcceptedClient & RegisteredConnection,
  ): void {
    const { clock, registry, doors, clients, log, rejections } = this.#services;
    const welcome = (pass?: Pass): void => {
      const connection = connect(this.#ids.next(clock.epochMs()), pass);
      registry.add(connection, lease);
      listener.welcome(connection);
    };
    const { limit, name } = listener;
    if (limit === undefined) {
      welcome();
      return;
    }
    let early: EarlyData | undefined;
    let isDecided = false;
    const newcomer = {
      name: formatHostPort({ host: client.peerAddress, port: client.peerPort }),
      origin,
      get hasLeft() {
        return early?.hasLeft ?? client.gone;
      },
    };
    doors.of(limit.key).enter(newcomer, limit, (entry) => {
      isDecided = true;
      const said = early?.take();
      if (entry.kind === "in") {
        if (entry.replaced) clients.of(name).replaced += 1;
        if (said !== undefined) entry.pass.early = said;
        welcome(entry.pass);
        return;
      }
      lease.release();
      if (entry.kind === "full") {
        refuse(entry.reason, entry.detail);
        return;
      }
      client.destroy();
      rejections.leftAtOnce(origin, listener, CAME_AND_WENT);
    });
    // it is seen a moment later: until then, what it says is kept; datagrams wait by themselves
    if (!isDecided && client instanceof StreamEnd) {
      early = new EarlyData(client, NO_EARLY_BYTES, {
        clientClosed() {},
        fault: (error) => log.error(faultText(error)),
      });
    }
  }
}

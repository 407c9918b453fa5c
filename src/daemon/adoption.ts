import type { Listener } from "../accept/listener.js";
import type { Ports } from "../accept/ports.js";
import { Connection } from "../connection/connection.js";
import { faultText } from "../core/parse/text.js";
import type { SessionState } from "../core/upgrade/session-state.js";
import type { Dial, ServerLease } from "../dial/dial.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import { adoptTcp, goneTcp } from "../sockets/tcp-end.js";
import type { Adopter, HandedSession } from "../supervisor/supervisor.js";
import type { Generation } from "./generation.js";
import type { Services } from "./services.js";

/** Goes on with the connections of the process whose place this one takes (docs/upgrade.md). */
export class Adoption implements Adopter {
  readonly #services: Services;
  readonly #ports: Ports;
  readonly #generation: () => Generation;

  constructor(services: Services, ports: Ports, generation: () => Generation) {
    this.#services = services;
    this.#ports = ports;
    this.#generation = generation;
  }

  refusal({ id, port }: SessionState): string | undefined {
    if (this.#listenerOf(port) === undefined) return `nothing listens on ${port} any more`;
    return this.#services.registry.find(id) === undefined ? undefined : `there is another connection ${id}`;
  }

  adopt(handed: HandedSession): void {
    try {
      const listener = this.#listenerOf(handed.session.port);
      if (listener !== undefined) this.#goOn(listener, handed);
    } catch (error) {
      this.#services.log.error(`connection ${handed.session.id} is lost: ${faultText(error)}`);
    }
  }

  #listenerOf(port: string): Listener | undefined {
    return this.#ports.all.find(({ name }) => name === port)?.listener;
  }

  #goOn(listener: Listener, { session, client: handle, remote: remoteHandle }: HandedSession): void {
    const { registry, doors, descriptors, parking } = this.#services;
    const { context, settings } = this.#generation();
    const { id, origin, remote, progress } = session;
    const client =
      handle === undefined ? goneTcp(session.client) : adoptTcp(handle, 0, settings.keepalive, session.client).end;
    const pass = listener.limit && doors.of(listener.limit.key).admit(listener.limit);
    const connection = new Connection(id, client, origin, listener, context, pass, session);
    registry.add(connection, descriptors.takeReserved());
    if (client.gone) registry.changed(connection); // it has no descriptor
    if (remote === undefined) {
      listener.welcome(connection);
      return;
    }
    const { request, ways, unacknowledged = "", parked } = remote;
    const end = remoteHandle === undefined ? goneTcp(remote.peer) : this.#remoteEnd(remote, remoteHandle);
    const isReady = request.options.parkMs > 0 ? parking.load() : Promise.resolve();
    const dial: Dial = {
      kind: "channel", // nothing was dialled: nothing of it is logged
      end: isReady.then(() => end),
      serverLease: leaseOf(listener, remote),
      abort() {},
    };
    connection.resume(request, dial, {
      ...{ progress, ways, parked },
      unacknowledged: Buffer.from(unacknowledged, "base64"),
    });
  }

  #remoteEnd({ request, peer }: Remote, handle: object): StreamEnd {
    const { keepalive } = this.#generation().settings;
    const { end, socket } = adoptTcp(handle, request.options.blockSize, keepalive, peer);
    const lease = this.#services.descriptors.takeReserved();
    socket.on("close", () => lease.release());
    return end;
  }
}

type Remote = NonNullable<SessionState["remote"]>;

/** A claim for the server that the connection has, where its line has several. */
function leaseOf(listener: Listener, { request }: Remote): ServerLease | undefined {
  const claim = listener.claim?.(request.target);
  return claim && { request, release: () => claim.release() };
}

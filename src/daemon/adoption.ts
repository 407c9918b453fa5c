import type { Listener } from "../accept/listener.js";
import type { Ports } from "../accept/ports.js";
import { Connection } from "../connection/connection.js";
import { faultText } from "../core/parse/text.js";
import type { SessionState } from "../core/upgrade/session-state.js";
import type { Dial } from "../dial/dial.js";
import { adoptTcp } from "../sockets/tcp-end.js";
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
    const { registry, doors, descriptors } = this.#services;
    const { context, settings } = this.#generation();
    const { id, origin, remote, progress } = session;
    const { end: client } = adoptTcp(handle, 0, settings.keepalive, session.client);
    const pass = listener.limit && doors.of(listener.limit.key).admit(listener.limit);
    const connection = new Connection(id, client, origin, listener, context, pass, session);
    registry.add(connection, descriptors.takeReserved());
    if (remote === undefined || remoteHandle === undefined) {
      listener.welcome(connection);
      return;
    }
    const { request, peer, ways } = remote;
    const { end, socket } = adoptTcp(remoteHandle, request.options.blockSize, settings.keepalive, peer);
    const lease = descriptors.takeReserved();
    socket.on("close", () => lease.release());
    const claim = listener.claim?.(request.target);
    const dial: Dial = {
      kind: "channel", // nothing was dialled: nothing of it is logged
      end: Promise.resolve(end),
      serverLease: claim && { request, release: () => claim.release() },
      former: { progress, ways },
      abort() {},
    };
    connection.connect(request, "direct", () => dial);
  }
}

import { ListenError } from "./listen-error.js";
import type { Listener } from "./listener.js";
import { Port, type PortContext } from "./port.js";

const BY_MANAGER = "by a socket of the service manager, whose unit says where it listens";

/** The ports of the configuration: opened at the start, changed in place by a reload. */
export class Ports {
  readonly #context: PortContext;
  #ports: Port[] = [];

  constructor(context: PortContext) {
    this.#context = context;
  }

  /** Makes a port that is not one of these: the caller opens and closes it. */
  make(listener: Listener, ip: string): Port {
    return new Port(listener, ip, this.#context);
  }

  /**
   * Opens a port for each listener, the essential one last: a client that can connect to it finds the others ready.
   *
   * @param ip the address to listen on
   * @throws {ListenError} when the essential port cannot be opened; nothing stays open then
   */
  async open(listeners: readonly Listener[], ip: string): Promise<void> {
    const ports = listeners.map((listener) => this.make(listener, ip));
    try {
      const fresh = ports.filter((port) => !port.isHanded);
      const others = fresh.filter(({ listener }) => !listener.essential);
      await Promise.all(others.map((port) => port.openEventually())); // together: they may wait for the same name
      for (const port of fresh) if (port.listener.essential) await this.#openEssential(port, []);
      await this.#openHanded(ports.filter((port) => port.isHanded));
    } catch (error) {
      for (const port of ports) port.close();
      throw error;
    }
    this.#ports = ports;
  }

  /**
   * Opens the ports that only these listeners need, and closes those that none of them needs. A port that is needed before and after
   * stays open without a break and gets the new listener. A port that cannot be opened is tried again and again when it is not
   * essential, or when its address is not there yet.
   *
   * @param ip the address to listen on
   * @throws {ListenError} when an essential port cannot be opened; all ports are as before then
   */
  async change(listeners: readonly Listener[], ip: string): Promise<void> {
    const old = new Map(this.#ports.map((port) => [port.name, port]));
    const next = listeners.map(
      (listener) => old.get(Port.nameOf(listener, ip)) ?? new Port(listener, ip, this.#context),
    );
    const surplus = this.#ports.filter((port) => !next.includes(port));
    const fresh = next.filter((port) => !this.#ports.includes(port));
    for (const [index, port] of next.entries()) {
      if (listeners[index]?.essential === true && !port.listening) await this.#openEssential(port, surplus);
    }
    for (const port of surplus) port.close();
    for (const [index, listener] of listeners.entries()) {
      const port = next[index];
      if (port !== undefined) port.listener = listener;
    }
    this.#ports = next;
    const others = fresh.filter(({ listener }) => !listener.essential);
    await Promise.all(others.map((port) => port.openEventually()));
  }

  /** All of them, in the order of the settings. */
  get all(): readonly Port[] {
    return this.#ports;
  }

  /** Resolves when another process has let go of the ports of a line, and with them of its device; undefined: none has them. */
  whenFree(route: Listener["route"]): Promise<unknown> | undefined {
    const waits = this.#ports
      .filter(({ listener }) => listener.route === route)
      .flatMap(({ name }) => this.#context.predecessor?.free(name) ?? []);
    return waits.length === 0 ? undefined : Promise.all(waits);
  }

  /** Listens on sockets that another process hands over, which cannot fail: first when that agrees, and late when it has to. */
  async #openHanded(ports: readonly Port[]): Promise<void> {
    const { predecessor } = this.#context;
    await predecessor?.ready();
    for (const port of ports) {
      const free = predecessor?.free(port.name);
      if (free === undefined) await port.open();
      else void free.then(() => (this.#ports.includes(port) ? port.openEventually() : undefined)); // a reload may end it
    }
  }

  /** Closes all of them. */
  close(): void {
    for (const port of this.#ports) port.close();
  }

  /** @param surplus open ports that no listener needs any more; one of them may occupy the address */
  async #openEssential(port: Port, surplus: readonly Port[]): Promise<void> {
    try {
      await port.open();
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      const inTheWay = surplus.filter((other) => other.listener.port === port.listener.port);
      if (error.isNotThereYet) {
        port.retry(error);
      } else if (inTheWay.some(({ isInherited }) => isInherited)) {
        throw new Error(`${error.message} ${BY_MANAGER}`);
      } else if (error.code === "EADDRINUSE" && inTheWay.length > 0) {
        await this.#openInstead(port, inTheWay);
      } else {
        if (this.#ports.includes(port)) port.retry(error); // the port stays one of ours
        throw error;
      }
    }
  }

  /** Opens a port in place of others that have the same number on other addresses. */
  async #openInstead(port: Port, others: readonly Port[]): Promise<void> {
    for (const other of others) other.close();
    try {
      await port.open();
    } catch (error) {
      for (const other of others) await other.openEventually();
      throw error;
    }
  }
}

import type { SocketOwner } from "../accept/listener.js";
import type { TunnelLine } from "../core/config/settings.js";
import { namesOfLine } from "../core/health/problems.js";
import { LogThrottle } from "../core/limits/log-throttle.js";
import { faultText } from "../core/parse/text.js";
import type { LineNames } from "../core/status/gathering.js";
import { type TunnelStatus, tunnelStatus } from "../core/tunnel/tunnel-status.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import { DeviceCandidate } from "./device-candidate.js";
import { type DeviceSlot, slotLabel } from "./device-slot.js";
import { DeviceVisit, type LinkHolder } from "./device-visit.js";
import type { TunnelContext } from "./tunnel-context.js";

/** The server's side of a tunnel: a port that devices connect to. Each device that is let in gets its place, a {@link DeviceSlot}. */
export class TunnelServer {
  readonly #line: TunnelLine;
  readonly #slots: readonly DeviceSlot[];
  readonly #context: TunnelContext;
  readonly #throttle = new LogThrottle();
  /** Devices that are not let in yet. */
  readonly #visits = new Set<DeviceVisit>();
  #turnedAway = 0;

  /** @param slots of all devices that the line expects: one at least */
  constructor(line: TunnelLine, slots: readonly DeviceSlot[], context: TunnelContext) {
    this.#line = line;
    this.#slots = slots;
    this.#context = context;
  }

  get lineNames(): LineNames {
    return namesOfLine(this.#line);
  }

  get status(): TunnelStatus {
    return tunnelStatus(
      this.#line,
      this.#slots.map(({ status }) => status),
      this.#turnedAway,
    );
  }

  /**
   * Accepts a device. Where the line has a secret, or another device is linked, it has to say who it is first: no stranger can end a good
   * link.
   *
   * @param closed called when this connection of the device has closed
   * @param heard called when the device has said something, and is let in: a device that is not has lines of its own in the log
   */
  accept(end: StreamEnd, closed: (reason: string) => void, heard = (): void => {}): SocketOwner {
    const visit: DeviceVisit = new DeviceVisit(end, this.#line.route.tunnel, this.#context, closed, () => {
      if (!this.#visits.has(visit)) heard();
    });
    const free = this.#openSlot?.isFree ? this.#openSlot : undefined;
    visit.holder = free?.take(visit) ?? this.#examine(visit, heard);
    const { owner } = visit;
    visit.link.start();
    return owner;
  }

  /** Closes the links of all devices that are not let in yet. */
  close(reason: string): void {
    for (const { link } of [...this.#visits]) link.close(reason);
  }

  /** The place of the only device, where everybody may be that. */
  get #openSlot(): DeviceSlot | undefined {
    const { secret, devices } = this.#line.route.tunnel;
    return secret === undefined && devices.length === 0 ? this.#slots[0] : undefined;
  }

  #examine(visit: DeviceVisit, heard: () => void): LinkHolder {
    this.#visits.add(visit);
    const candidate = new DeviceCandidate(visit, this.#context.clock, {
      tunnel: this.#line.route.tunnel,
      slotOf: (device) => this.#slotOf(device),
      admitted: (slot, listens) => {
        this.#visits.delete(visit);
        heard();
        visit.holder = slot.take(visit);
        if (listens) visit.holder.handle({ kind: "listen" });
      },
      resumed: (slot, received) => {
        this.#visits.delete(visit);
        heard();
        slot.resume(visit, received);
      },
      rejected: (reason, isStranger) => {
        this.#turnedAway += 1;
        this.#logRejected(isStranger ? "warn" : "info", visit, reason);
      },
    });
    return {
      handle: (command) => candidate.handle(command),
      stalled() {},
      lost: () => {
        this.#visits.delete(visit);
        candidate.cancel();
      },
      fault: (error) => this.#context.log.error(`${slotLabel({ line: this.#line }, visit.from)} ${faultText(error)}`),
    };
  }

  #slotOf(device: string | undefined): DeviceSlot {
    const slot = this.#slots.find(({ rules }) => rules.device === device);
    if (slot === undefined) throw new Error(`no place for device ${device}`);
    return slot;
  }

  /** A stranger may come again and again: once a minute for each address. */
  #logRejected(level: "warn" | "info", visit: DeviceVisit, reason: string): void {
    const more = this.#throttle.mention(`${visit.address} ${reason}`, this.#context.clock.now());
    if (more !== undefined)
      this.#context.log[level](`${slotLabel({ line: this.#line }, visit.from)} rejected: ${reason}${more}`);
  }
}

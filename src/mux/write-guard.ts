import { isWholeRequest } from "../core/framing/function-codes.js";
import { EXCEPTION } from "../core/mux/modbus-exceptions.js";
import { describeWrite, type ModbusWrite, writeOf } from "../core/mux/modbus-write.js";
import type { MuxOptions } from "../core/mux/mux-options.js";
import type { Interpretation, ModbusRequest, Request } from "../core/mux/protocol.js";
import { judgeWrite, type WriteVerdict } from "../core/mux/write-policy.js";
import { clientName } from "../core/net/client-origin.js";
import type { Clock } from "../system/clock.js";
import type { MuxClient } from "./mux-client.js";
import type { MuxLog } from "./mux-log.js";

/** What a guard asks of its mux. */
export interface WriteGuardOwner {
  readonly clock: Clock;
  readonly log: MuxLog;
  options(): MuxOptions;
}

/** The client that may write, while the others may not. */
interface Writer {
  readonly client: MuxClient;
  /** Its last write, by the clock of the mux. */
  readonly wroteAt: number;
}

/** Keeps writes from the device that the rules do not allow, or that are another client's turn (WRIT, ALWR, WLCK). The log has a line for each. */
export class WriteGuard {
  readonly #owner: WriteGuardOwner;
  #writer: Writer | undefined;

  constructor(owner: WriteGuardOwner) {
    this.#owner = owner;
  }

  /** What the mux does with a message of a client: an exception where it would be a request that must not go to the device. */
  check(client: MuxClient, asked: Interpretation): Interpretation {
    const exception = asked.kind === "request" ? this.#refuses(client, asked.request) : undefined;
    if (asked.kind !== "request" || exception === undefined) return asked;
    const bytes = this.#owner.options().protocol.refusal?.(asked.request, exception);
    return bytes === undefined ? asked : { kind: "answer", bytes };
  }

  /** The code of the exception; undefined: the request may go to the device. */
  #refuses(client: MuxClient, { reads, modbus }: Request): number | undefined {
    const { otherWrites, writerLockMs } = this.#owner.options();
    if (modbus === undefined || (otherWrites === undefined && writerLockMs === 0)) return undefined;
    if (reads) return otherWrites === "deny" ? this.#refusesRead(client, modbus) : undefined;
    const write = writeOf(modbus.unit, modbus.pdu);
    const verdict = this.#judge(client, write);
    this.#tell(client, describeWrite(write), verdict);
    return verdict.kind === "refused" ? verdict.exception : undefined;
  }

  #judge(client: MuxClient, write: ModbusWrite): WriteVerdict {
    const { otherWrites = "allow", allowedWrites, writerLockMs } = this.#owner.options();
    const verdict = judgeWrite(write, client.origin.address, { others: otherWrites, rules: allowedWrites });
    if (verdict.kind === "refused" || writerLockMs === 0) return verdict;
    const now = this.#owner.clock.now();
    const { client: writer, wroteAt } = this.#writer ?? { client, wroteAt: now };
    if (writer !== client && !writer.gone && now - wroteAt < writerLockMs) {
      return { kind: "refused", exception: EXCEPTION.deviceBusy, reason: `it is ${nameOf(writer)} who writes` };
    }
    this.#writer = { client, wroteAt: now };
    return verdict;
  }

  /** Behind a read that is longer than a read, some devices would see a request of its own. */
  #refusesRead(client: MuxClient, { unit, pdu }: ModbusRequest): number | undefined {
    if (isWholeRequest(pdu)) return undefined;
    const reason = `a PDU of ${pdu.length} bytes is too long or too short for it`;
    this.#tell(client, `unit ${unit} function ${pdu[0]}`, {
      kind: "refused",
      exception: EXCEPTION.illegalValue,
      reason,
    });
    return EXCEPTION.illegalValue;
  }

  #tell(client: MuxClient, what: string, verdict: WriteVerdict): void {
    const end =
      verdict.kind === "allowed" ? "allowed" : `refused with exception ${verdict.exception}: ${verdict.reason}`;
    this.#owner.log.info(`write by ${nameOf(client)}: ${what}: ${end}`);
  }
}

/** Address and connection of a client: `192.168.1.5 (3f2a)`. */
function nameOf({ origin, id }: MuxClient): string {
  return `${clientName(origin)} (${id})`;
}

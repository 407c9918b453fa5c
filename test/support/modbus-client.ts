import { Asker } from "./exchange.js";
import { type ModbusKind, readPdu, unwrap, wrap } from "./modbus.js";
import { modbusProtocol } from "./modbus-device.js";
import { Client } from "./net.js";

/** A Modbus client that sends and receives PDUs. */
export class ModbusClient extends Asker {
  readonly kind: ModbusKind;

  constructor(client: Client, kind: ModbusKind) {
    super(client, modbusProtocol(kind));
    this.kind = kind;
  }

  /** Connects. */
  static async connect(port: number, kind: ModbusKind = "modbus"): Promise<ModbusClient> {
    return new ModbusClient(await Client.open(port), kind);
  }

  /** Sends a request with a new id, or the given one; returns the PDU of the answer in hex, or "closed" without an answer. */
  async call(unit: number, pdu: Buffer, id = this.nextId()): Promise<string> {
    const answer = await this.ask(wrap(this.kind, { id, unit, pdu }));
    if (answer === undefined) return "closed";
    const message = unwrap(this.kind, answer);
    if (message.unit !== unit) throw new Error(`asked unit ${unit}, answered by unit ${message.unit}`);
    return message.pdu.toString("hex");
  }

  /** Reads one holding register. @throws when the answer is an exception */
  async read(unit: number, address: number): Promise<number> {
    const answer = await this.call(unit, readPdu(address));
    if (!/^0302....$/.test(answer)) throw new Error(`no value: ${answer}`);
    return Number.parseInt(answer.slice(4), 16);
  }
}

/**
 * A part of a PDU. `byte` and `word`: a number of one or two bytes. `switch`: a coil, ff00 or 0000. `mask`: a word of single bits.
 * `words`: the rest, as words. `data`: the rest, as bytes.
 */
export type Field = readonly [name: string, form: "byte" | "word" | "switch" | "mask" | "words" | "data"];

/** A function: the parts behind its code, in the request and in the answer. */
export interface ModbusFunction {
  readonly name: string;
  readonly request: readonly Field[];
  readonly answer: readonly Field[];
}

const ADDRESS: Field = ["address", "word"];
const COUNT: Field = ["count", "word"];
const BYTE_COUNT: Field = ["byteCount", "byte"];
const VALUES: Field = ["values", "words"];
const DATA: Field = ["data", "data"];

const asked = (name: string, answer: readonly Field[]): ModbusFunction => ({ name, request: [ADDRESS, COUNT], answer });
const repeated = (name: string, request: readonly Field[]): ModbusFunction => ({ name, request, answer: request });
const written = (name: string, values: Field): ModbusFunction => ({
  name,
  request: [ADDRESS, COUNT, BYTE_COUNT, values],
  answer: [ADDRESS, COUNT],
});

/** Functions by code (MODBUS Application Protocol Specification V1.1b3, chapter 6). Addresses are those of the PDU, counted from 0. */
export const FUNCTIONS: ReadonlyMap<number, ModbusFunction> = new Map([
  [1, asked("read coils", [BYTE_COUNT, DATA])],
  [2, asked("read discrete inputs", [BYTE_COUNT, DATA])],
  [3, asked("read holding registers", [BYTE_COUNT, VALUES])],
  [4, asked("read input registers", [BYTE_COUNT, VALUES])],
  [5, repeated("write single coil", [ADDRESS, ["value", "switch"]])],
  [6, repeated("write single register", [ADDRESS, ["value", "word"]])],
  [7, { name: "read exception status", request: [], answer: [["status", "byte"]] }],
  [8, repeated("diagnostics", [["subFunction", "word"], DATA])],
  [
    11,
    {
      name: "get comm event counter",
      request: [],
      answer: [
        ["status", "mask"],
        ["eventCount", "word"],
      ],
    },
  ],
  [
    12,
    {
      name: "get comm event log",
      request: [],
      answer: [BYTE_COUNT, ["status", "mask"], ["eventCount", "word"], ["messageCount", "word"], ["events", "data"]],
    },
  ],
  [15, written("write multiple coils", DATA)],
  [16, written("write multiple registers", VALUES)],
  [17, { name: "report server id", request: [], answer: [BYTE_COUNT, DATA] }],
  [20, repeated("read file record", [BYTE_COUNT, DATA])],
  [21, repeated("write file record", [BYTE_COUNT, DATA])],
  [22, repeated("mask write register", [ADDRESS, ["andMask", "mask"], ["orMask", "mask"]])],
  [
    23,
    {
      name: "read/write multiple registers",
      request: [
        ["readAddress", "word"],
        ["readCount", "word"],
        ["writeAddress", "word"],
        ["writeCount", "word"],
        BYTE_COUNT,
        VALUES,
      ],
      answer: [BYTE_COUNT, VALUES],
    },
  ],
  [24, { name: "read fifo queue", request: [ADDRESS], answer: [["byteCount", "word"], ["fifoCount", "word"], VALUES] }],
  [43, repeated("encapsulated interface transport", [["meiType", "byte"], DATA])],
]);

/** Names of exceptions by code (chapter 7). */
export const EXCEPTION_NAMES: ReadonlyMap<number, string> = new Map([
  [1, "illegal function"],
  [2, "illegal data address"],
  [3, "illegal data value"],
  [4, "server device failure"],
  [5, "acknowledge"],
  [6, "server device busy"],
  [8, "memory parity error"],
  [10, "gateway path unavailable"],
  [11, "gateway target device failed to respond"],
]);

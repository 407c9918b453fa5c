import type { Asker, TestProtocol } from "./exchange.js";

const latin1 = (bytes: Buffer): string => bytes.toString("latin1");
const plain = { meaning: latin1, isRefusal: () => false };

/** Lines of text; the answer is the same line. */
export const echo: TestProtocol = linesWith("\n");

/** Lines that end so. */
export function linesWith(end: string): TestProtocol {
  const lineLength = (bytes: Buffer): number => (bytes.includes(end) ? bytes.indexOf(end) + end.length : 0);
  return {
    ...plain,
    name: "echo",
    request: (key) => Buffer.from(`question ${key}${end}`),
    answer: (request) => request,
    requestLength: lineLength,
    answerLength: lineLength,
  };
}

/** A length of two bytes before each message. */
export const iso8583: TestProtocol = {
  ...plain,
  name: "iso8583",
  request: (key) => binaryLength(`0200 ${key}`),
  answer: (request) => binaryLength(`0210${latin1(request).slice(6)}`),
  requestLength: lengthByBinary,
  answerLength: lengthByBinary,
};

function binaryLength(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length >> 8, text.length & 0xff]), Buffer.from(text)]);
}

function lengthByBinary(bytes: Buffer): number {
  return bytes.length < 2 ? 0 : 2 + bytes.readUInt16BE(0);
}

/** A length of four digits before each message. */
export const mpu: TestProtocol = {
  ...plain,
  name: "mpu",
  request: (key) => decimalLength(`0200 ${key}`),
  answer: (request) => decimalLength(`0210${latin1(request).slice(8)}`),
  requestLength: lengthByDecimal,
  answerLength: lengthByDecimal,
};

function decimalLength(text: string): Buffer {
  return Buffer.from(`${String(text.length).padStart(4, "0")}${text}`);
}

function lengthByDecimal(bytes: Buffer): number {
  return bytes.length < 4 ? 0 : 4 + Number(latin1(bytes.subarray(0, 4)));
}

/** Telegrams: `<S` serial number, function, datapoint, checksum `>`. The answer has the same serial number. Few numbers, many datapoints. */
export const conbus: TestProtocol = {
  ...plain,
  name: "conbus",
  request: (key) => telegram(`S${String(20_030_000 + (key % 10)).padStart(10, "0")}F02D${hexOf(key)}`),
  answer: (request) => {
    const asked = latin1(request).slice(2, -3);
    return telegram(`R${asked}VALUE${asked.slice(-6)}`);
  },
  requestLength: telegramLength,
  answerLength: telegramLength,
};

function hexOf(key: number): string {
  return key.toString(16).toUpperCase().padStart(6, "0");
}

/** A telegram with its checksum: the exclusive or of all characters, as two letters from A to P. */
export function telegram(text: string): Buffer {
  let sum = 0;
  for (const byte of Buffer.from(text, "latin1")) sum ^= byte;
  return Buffer.from(`<${text}${String.fromCharCode(65 + (sum >> 4), 65 + (sum & 15))}>`, "latin1");
}

function telegramLength(bytes: Buffer): number {
  return bytes.indexOf(">") + 1;
}

/** HTTP/1.1; the answer's body is the path, with a length or in chunks. */
export const http: TestProtocol = {
  name: "http",
  request: (key) => Buffer.from(`GET /${key} HTTP/1.1\r\nHost: device\r\n\r\n`),
  answer: (request) => {
    const path = /^\S+ (\S+)/.exec(latin1(request))?.[1] ?? "";
    const head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
    if (Number(path.slice(1)) % 2 === 0) {
      return Buffer.from(`${head}Content-Length: ${path.length}\r\n\r\n${path}`);
    }
    const chunks = [path.slice(0, 2), path.slice(2)].filter((chunk) => chunk !== "");
    const chunked = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("");
    return Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n${chunked}0\r\n\r\n`);
  },
  requestLength: httpLength,
  answerLength: httpLength,
  meaning: (answer) => `${httpStatus(answer)} ${httpBody(answer)}`,
  isRefusal: (answer) => [502, 503, 504].includes(httpStatus(answer)),
};

const END_OF_HEAD = "\r\n\r\n";
const CHUNKED = /^transfer-encoding: *chunked/im;

/** Works for messages whose chunks do not look like the last chunk. */
function httpLength(bytes: Buffer): number {
  const end = bytes.indexOf(END_OF_HEAD);
  if (end < 0) return 0;
  const head = latin1(bytes.subarray(0, end));
  if (CHUNKED.test(head)) {
    const last = bytes.indexOf(`\r\n0${END_OF_HEAD}`, end + 2);
    return last < 0 ? 0 : last + 7;
  }
  return end + 4 + Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
}

/** The status of an answer. */
export function httpStatus(answer: Buffer): number {
  return Number(/^HTTP\/1\.[01] (\d{3})/.exec(latin1(answer))?.[1] ?? 0);
}

/** The body of a whole message. */
export function httpBody(message: Buffer): string {
  const end = message.indexOf(END_OF_HEAD);
  const body = latin1(message.subarray(end + 4));
  if (!CHUNKED.test(latin1(message.subarray(0, end)))) return body;
  let text = "";
  for (let at = 0; ; ) {
    const line = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.slice(at, line), 16);
    if (!(size > 0)) return text;
    text += body.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}

/** The result for a client: the exception code in hex, the HTTP status, or the end of the connection. */
export async function told(asker: Asker, protocol: TestProtocol, key: number): Promise<string> {
  const request = protocol.request(key, asker.nextId());
  const answer = await asker.ask(request);
  if (answer === undefined) return "closed";
  if (protocol === http) return String(httpStatus(answer));
  if (protocol.meaning(answer) === protocol.meaning(protocol.answer(request))) return "right";
  const exception = protocol.name === "modbus-serial" ? answer.subarray(1, 3) : answer.subarray(7, 9);
  return exception.toString("hex");
}

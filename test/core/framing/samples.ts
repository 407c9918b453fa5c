import fc from "fast-check";
import { crc16, lengthByCrc } from "#src/core/framing/crc16.js";
import { bytes } from "./run.js";

/** A message, or junk that must not keep the framing from finding the next message. */
export interface Sample {
  readonly kind: "frame" | "junk";
  readonly bytes: Buffer;
}
type Samples = fc.Arbitrary<readonly Sample[]>;

/** What the laws need of a framing: streams of valid messages, and pieces of which nearly valid streams are made. */
export interface Generators {
  readonly requests: Samples;
  readonly answers: Samples;
  readonly pieces: readonly Buffer[];
}

const octets = (minLength: number, maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength, maxLength }).map((list) => Buffer.from(list));
const without = (buffer: Buffer, ...unwanted: number[]): Buffer =>
  buffer.map((byte) => (unwanted.includes(byte) ? 0x2e : byte)) as Buffer;
const frames = (message: fc.Arbitrary<Buffer>): Samples =>
  fc.array(
    message.map((found): Sample => ({ kind: "frame", bytes: found })),
    { maxLength: 6 },
  );
const both = (samples: Samples, pieces: readonly Buffer[]): Generators => ({
  requests: samples,
  answers: samples,
  pieces,
});

export function crcOf(message: Buffer): Buffer {
  const crc = crc16(message);
  return bytes([crc & 0xff, crc >> 8]);
}

function uint16(value: number): number[] {
  return [value >> 8, value & 0xff];
}

const telegrams: Samples = fc
  .array(
    fc.oneof(
      octets(0, 40).map(
        (inner): Sample => ({ kind: "frame", bytes: bytes("<", [...without(inner, 0x3c, 0x3e)], ">") }),
      ),
      octets(1, 9).map((inner): Sample => ({ kind: "junk", bytes: without(inner, 0x3c) })),
      octets(0, 9).map((inner): Sample => ({ kind: "junk", bytes: bytes(">", [...without(inner, 0x3c)], "<<") })),
    ),
    { maxLength: 8 },
  )
  .map((list) =>
    list.flatMap((sample, at): Sample[] => {
      // a telegram that is not finished needs another behind it, or the next text would be its end
      const next = list[at + 1];
      const open = sample.bytes.includes("<<");
      return open && next?.kind !== "frame" ? [sample, { kind: "frame", bytes: bytes("<>") }] : [sample];
    }),
  );

const mbap = (id: number, length: number): number[] => [...uint16(id), 0, 0, ...uint16(length)];
/** Unit and PDU: of a function, or an exception. */
const unitAndPdu = (max: number): fc.Arbitrary<Buffer> =>
  octets(2, max).map((found) =>
    found.readUInt8(1) < 0x80 ? found : Buffer.concat([found, bytes([2])]).subarray(0, 3),
  );
const mbapMessage = (max: number): fc.Arbitrary<Buffer> =>
  fc
    .tuple(fc.nat(0xffff), unitAndPdu(max))
    .map(([id, unitAndPdu]) => bytes(mbap(id, unitAndPdu.length), [...unitAndPdu]));

/** Unit and PDU of a read, or of a function whose length nobody knows. */
const unitAndRequest = fc.oneof(
  octets(6, 6).map((found) => bytes([found.readUInt8(0), 3], [...found.subarray(2)])),
  octets(2, 254).map((found) => bytes([found.readUInt8(0), 65], [...found.subarray(2)])),
);

/** With the CRC counted or not, the same in a stream; behind the first message also messages whose CRC is wrong, where `damaged`. */
const mbapWithCrc = (unitAndPdu: fc.Arbitrary<Buffer>, damaged: fc.Arbitrary<boolean>): Samples =>
  fc
    .tuple(fc.constantFrom(0, 2), fc.array(fc.tuple(fc.nat(0xffff), unitAndPdu, damaged), { maxLength: 5 }))
    .map(([counted, list]) =>
      list.flatMap(([id, unitAndPdu, wrong], at): Sample[] => {
        if (counted === 0 && lengthByCrc(unitAndPdu, 0, unitAndPdu.length, unitAndPdu.length) !== undefined) return [];
        const junk = wrong && at > 0;
        const crc = crcOf(unitAndPdu).map((byte) => (junk ? byte ^ 0xff : byte));
        const message = bytes(mbap(id, unitAndPdu.length + counted), [...unitAndPdu], [...crc]);
        return [{ kind: junk ? "junk" : "frame", bytes: message }];
      }),
    )
    .filter((list) => list[0]?.kind !== "junk");

/** Frames of a serial line; `noise`: between junk they go to unit 0, since zeros before such a frame surely begin none. */
function serial(pdu: fc.Arbitrary<Buffer>, noise: fc.Arbitrary<boolean>): Samples {
  return fc
    .tuple(
      noise,
      fc.array(fc.tuple(fc.integer({ min: 1, max: 255 }), pdu, fc.integer({ min: 1, max: 5 })), { maxLength: 5 }),
    )
    .map(([junk, list]) =>
      list.flatMap(([unit, found, zeros]): Sample[] => {
        const message = bytes([junk ? 0 : unit], [...found]);
        const frame: Sample = { kind: "frame", bytes: bytes([...message], [...crcOf(message)]) };
        if (frame.bytes.at(-1) === 0) return []; // what is behind it decides where it ends
        if (lengthByCrc(bytes([...frame.bytes, 1]), 0, 4, frame.bytes.length) !== frame.bytes.length) return [];
        return junk ? [{ kind: "junk", bytes: Buffer.alloc(zeros) }, frame] : [frame];
      }),
    );
}
const counted = (codes: readonly number[], between: number, max: number): fc.Arbitrary<Buffer> =>
  fc
    .tuple(fc.constantFrom(...codes), octets(between, between), octets(0, max))
    .map(([code, fixed, data]) => bytes([code, ...fixed, data.length], [...data]));
const withLength = (codes: readonly number[], length: number): fc.Arbitrary<Buffer> =>
  fc.tuple(fc.constantFrom(...codes), octets(length, length)).map(([code, data]) => bytes([code, ...data]));
const unknownCode = fc
  .tuple(fc.constantFrom(8, 43, 65, 100), octets(0, 250))
  .map(([code, data]) => bytes([code, ...data]));

/** Frames, also in lower case and without CR, and bytes in front of a colon. */
const asciiFrames: Samples = fc.array(
  fc.oneof(
    fc.tuple(octets(2, 254), fc.constantFrom("\r\n", "\n"), fc.boolean()).map(([found, end, lower]): Sample => {
      const sum = found.reduce((total, byte) => total + byte, 0);
      const digits = bytes([...found, -sum & 0xff]).toString("hex");
      return { kind: "frame", bytes: bytes(":", lower ? digits : digits.toUpperCase(), end) };
    }),
    octets(1, 9).map((junk): Sample => ({ kind: "junk", bytes: bytes([...without(junk, 0x3a)], "\n") })),
    octets(0, 9).map((junk): Sample => ({ kind: "junk", bytes: bytes(":", [...without(junk, 0x3a)], "\n") })),
  ),
  { maxLength: 6 },
);

/** Frames of loggers, and text between them. */
const solarmanFrames: Samples = fc.array(
  fc.oneof(
    fc.tuple(fc.constantFrom(0x45, 0x15, 0x47), octets(6, 6), octets(0, 300)).map(([type, ids, payload]): Sample => {
      const inner = bytes([payload.length & 0xff, payload.length >> 8, 0x10, type, ...ids, ...payload]);
      const sum = inner.reduce((total, byte) => total + byte, 0) & 0xff;
      return { kind: "frame", bytes: bytes([0xa5, ...inner, sum, 0x15]) };
    }),
    octets(1, 9).map((junk): Sample => ({ kind: "junk", bytes: without(junk, 0xa5) })),
  ),
  { maxLength: 6 },
);

const header = fc.constantFrom(
  "Host: hub\r\n",
  "Accept: */*\r\n",
  "X:\r\n",
  "Connection: keep-alive\r\n",
  "Date: now\n",
);
const httpBody = octets(0, 300).chain((body) =>
  fc.constantFrom(
    bytes(`Content-Length: ${body.length}\r\n\r\n`, [...body]),
    bytes("transfer-encoding: Chunked\r\n\r\n", ...chunked(body, 7), "0\r\n\r\n"),
    bytes("Transfer-Encoding: chunked\r\n\r\n", ...chunked(body, 200), "00;x=y\r\nA: b\r\nC: d\r\n\r\n"),
  ),
);
function chunked(body: Buffer, size: number): (string | number[])[] {
  const list: (string | number[])[] = [];
  for (let at = 0; at < body.length; at += size) {
    const chunk = body.subarray(at, at + size);
    list.push(`${chunk.length.toString(16)}\r\n`, [...chunk], "\r\n");
  }
  return list;
}
const message = (starts: readonly string[], rest: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc
    .tuple(fc.constantFrom(...starts), fc.array(header, { maxLength: 4 }), rest)
    .map(([start, headers, end]) => bytes(start, ...headers, [...end]));
const none = fc.constant(bytes("\r\n"));

export const GENERATORS: Readonly<Record<string, Generators>> = {
  echo: both(frames(octets(0, 60).map((line) => bytes([...without(line, 10)], "\n"))), [
    bytes("\n"),
    bytes("ab\r\n"),
    Buffer.alloc(30_000, "x"),
    Buffer.alloc(65_535, "y"),
  ]),
  conbus: both(telegrams, [bytes("<"), bytes(">"), bytes("S00"), Buffer.alloc(1022, "x"), Buffer.alloc(500, "y")]),
  iso8583: both(frames(octets(0, 600).map((text) => bytes(uint16(text.length), [...text]))), [
    bytes([0]),
    bytes([0, 1]),
    bytes([1, 1]),
    bytes([255, 255]),
    Buffer.alloc(40_000, "x"),
  ]),
  mpu: both(
    frames(octets(0, 600).map((text) => bytes(String(text.length).padStart(4, "0"), [...text]))),
    ["0000", "0001", "0", "12", "9999", " ", "+1", "x"].map((text) => bytes(text)),
  ),
  modbus: {
    requests: frames(mbapMessage(254)),
    answers: frames(mbapMessage(255)),
    pieces: [
      bytes([0]),
      bytes([0, 0]),
      bytes([0, 255]),
      bytes([1]),
      bytes(mbap(1, 2)),
      bytes(mbap(1, 256)),
      bytes(mbap(1, 4), [1, 0x83, 2]),
      bytes(mbap(1, 9), [1, 0x83, 2]),
    ],
  },
  "modbus-rtu": {
    requests: mbapWithCrc(unitAndRequest, fc.constant(false)),
    answers: mbapWithCrc(unitAndPdu(255), fc.boolean()),
    pieces: [
      bytes([0]),
      bytes([0, 0]),
      bytes(mbap(1, 4)),
      bytes(mbap(1, 257)),
      bytes(mbap(1, 6), [1, 4, 2, 0xff, 0xff, 0xb8, 0x80]),
      bytes([0xb8, 0x80]),
      bytes(mbap(1, 8), [1, 0x83, 2], [...crcOf(bytes([1, 0x83, 2]))]),
    ],
  },
  "modbus-serial": {
    requests: serial(
      fc.oneof(
        withLength([1, 2, 3, 4, 5, 6], 4),
        withLength([7, 11, 12, 17], 0),
        withLength([22], 6),
        withLength([24], 2),
        counted([15, 16], 4, 247),
        counted([20, 21], 0, 251),
        counted([23], 8, 243),
        unknownCode,
      ),
      fc.constant(false),
    ),
    answers: serial(
      fc.oneof(
        counted([1, 2, 3, 4, 12, 17, 20, 21, 23], 0, 251),
        withLength([5, 6, 11, 15, 16], 4),
        withLength([7], 1),
        withLength([22], 6),
        counted([24], 1, 100).map((pdu) => pdu.fill(0, 1, 2)),
        withLength([0x81, 0x83, 0x90, 0xff], 1),
        unknownCode,
      ),
      fc.boolean(),
    ),
    pieces: [
      bytes([1, 4, 2, 0xff, 0xff, 0xb8, 0x80]),
      bytes([1, 3, 0]),
      bytes([1, 16]),
      bytes([1, 65]),
      bytes([0, 255]),
      bytes([0]),
    ],
  },
  "modbus-ascii": both(asciiFrames, [
    ...[":", "0", "01", "\r\n", "\n", ":0103FC\r\n", ":01030000000AF2\r\n", ":zz\r\n"].map((text) => bytes(text)),
    Buffer.alloc(510, "0"),
  ]),
  solarman: both(solarmanFrames, [
    bytes([0xa5]),
    bytes([0xa5, 1, 0, 0x10]),
    bytes([0xa5, 255, 3, 0x10, 0x15]),
    bytes([0xa5, 1, 0, 0x10, 0x47, 0x97, 0x6d, 0xaa, 0x4c, 0x2c, 0x8e, 0, 0x0c, 0x15]),
    bytes("AT+YZCMPVER\r\n"),
  ]),
  http: {
    requests: frames(
      fc
        .oneof(
          message(["GET / HTTP/1.1\r\n", "\r\n\nHEAD /a HTTP/1.0\r\n", "M-SEARCH * HTTP/1.1\n"], none),
          message(["POST /x?y=z HTTP/1.1\r\n", "PUT / HTTP/1.0\r\n"], httpBody),
        )
        .filter((found) => !/1\.0[\s\S]*transfer/i.test(found.toString("latin1"))),
    ),
    answers: frames(
      fc.oneof(
        message(["HTTP/1.1 204 No Content\r\n", "HTTP/1.1 304\r\nContent-Length: 9\r\n"], none),
        message(
          ["HTTP/1.1 200 OK\r\n", "HTTP/1.0 404 \r\n", "HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 500 No\n"],
          httpBody,
        ),
      ),
    ),
    pieces: [
      ..."GET / HTTP/1.1|POST / HTTP/1.1|HTTP/1.1 200 OK|HTTP/1.1 100 Go|HTTP/1.1 101 Go|CONNECT a:1 HTTP/1.1".split(
        "|",
      ),
      ..."Content-Length: 5|Content-Length: 0|Content-Length: -1|Transfer-Encoding: chunked".split("|"),
      ..."Connection: close|Connection: upgrade|Upgrade: x| folded|5|hello|0|-6|0x5|".split("|"),
    ]
      .map((line) => bytes(line, "\r\n"))
      .concat([bytes("\r\n\r\n"), bytes("\n"), bytes("\r"), bytes("hello"), bytes("X: ", "x".repeat(40_000), "\r\n")]),
  },
};

// Writes into a picture of which version it is, so that a test sees one that is old.
import { readFileSync, writeFileSync } from "node:fs";
import { crc32 } from "node:zlib";

const SIGNATURE_AND_HEADER = 8 + 25; // of a PNG file; further chunks follow (PNG specification, 5.3)

/** @param {string} path of a PNG file @param {string} version */
export function stamp(path, version) {
  const picture = readFileSync(path);
  const body = Buffer.from(`tEXtSoftware\0sockproxyd ${version}`, "latin1");
  const chunk = Buffer.alloc(4 + body.length + 4);
  chunk.writeUInt32BE(body.length - 4, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), 4 + body.length);
  const [head, rest] = [picture.subarray(0, SIGNATURE_AND_HEADER), picture.subarray(SIGNATURE_AND_HEADER)];
  writeFileSync(path, Buffer.concat([head, chunk, rest]));
}

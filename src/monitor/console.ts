import type { WriteText } from "../log/line-writer.js";
import { unblocked, writeFully } from "../system/write-fully.js";

/** Writes to stdout, whoever reads it and however slowly. */
export function stdout(): WriteText {
  let fd: number | undefined;
  return (text, done) => {
    fd ??= unblocked(1);
    writeFully(fd, Buffer.from(text), done);
  };
}

import type { WriteText } from "../log/line-writer.js";
import { unblocked, writeFully } from "../system/write-fully.js";

/** Writes to stdout. A slow reader of stdout blocks nothing. */
export function stdout(): WriteText {
  let fd: number | undefined;
  return (text, done) => {
    fd ??= unblocked(1);
    writeFully(fd, Buffer.from(text), done);
  };
}

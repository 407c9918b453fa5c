import { basename, dirname, join } from "node:path";
import { createStream, type RotatingFileStream } from "rotating-file-stream";
import type { WriteText } from "../log/line-writer.js";

/** How large an audit file may become, and how many older ones are kept. */
export interface AuditLimits {
  /** In bytes. */
  readonly auditSize: number;
  readonly auditFiles: number;
}

/** A file that is appended to; when it is large enough it becomes `file.1`, that one `file.2` and so on (MONL). */
export class AuditFile {
  readonly #path: string;
  readonly #limits: () => AuditLimits;
  #stream: RotatingFileStream | undefined;

  /** @param limits those of the moment, asked when the file is opened */
  constructor(path: string, limits: () => AuditLimits) {
    this.#path = path;
    this.#limits = limits;
  }

  /** After an error the next text opens the file anew. */
  readonly write: WriteText = (text, done) => {
    this.#stream ??= this.#open();
    this.#stream.write(text, (error) => done(error));
  };

  /** The next text goes to a new file of that name, should the old one have been moved away. */
  close(): void {
    this.#stream?.end();
    this.#stream = undefined;
  }

  #open(): RotatingFileStream {
    const name = basename(this.#path);
    const { auditSize, auditFiles } = this.#limits();
    const stream = createStream((index: number | Date | null) => (index === null ? name : `${name}.${index}`), {
      path: join(dirname(this.#path), "/"),
      size: `${auditSize}B`,
      rotate: auditFiles,
    });
    stream.on("error", () => {
      if (this.#stream === stream) this.#stream = undefined; // whose texts were under way is told
    });
    return stream;
  }
}

import { basename, dirname, join } from "node:path";
import { createStream, type RotatingFileStream } from "rotating-file-stream";
import type { WriteText } from "../log/line-writer.js";
import { regularFileProblem } from "../system/regular-file.js";

/** The limits of an audit file. */
export interface AuditLimits {
  /** Largest size of the file, in bytes. */
  readonly auditSize: number;
  /** Older files that are kept. */
  readonly auditFiles: number;
}

/** A file that lines are appended to (MONL). When it has its largest size it becomes `file.1`, that one `file.2` and so on. */
export class AuditFile {
  readonly #path: string;
  readonly #limits: () => AuditLimits;
  #stream: RotatingFileStream | undefined;

  /** @param limits returns the limits in force; called when the file is opened */
  constructor(path: string, limits: () => AuditLimits) {
    this.#path = path;
    this.#limits = limits;
  }

  /** Appends a text. After an error the next text opens the file anew. */
  readonly write: WriteText = (text, done) => {
    if (this.#stream === undefined || this.#stream.destroyed) {
      // a FIFO would keep a thread waiting for its reader
      const problem = regularFileProblem(this.#path);
      if (problem !== undefined) {
        done(new Error(problem));
        return;
      }
      this.#stream = this.#open();
    }
    this.#stream.write(text, (error) => done(error));
  };

  /** Closes the file. The next text opens it by its name, which is a new file if somebody has moved the old one. */
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
    stream.on("error", () => {}); // the texts under way get it, too
    return stream;
  }
}

import { basename, dirname, join } from "node:path";
import { createStream, type RotatingFileStream } from "rotating-file-stream";
import { regularFileProblem } from "../system/regular-file.js";
import type { WriteText } from "./line-writer.js";

/** The limits of a file that rotates. */
export interface RotationLimits {
  /** Largest size of the file, in bytes. */
  readonly size: number;
  /** Older files that are kept. */
  readonly files: number;
}

/** A file that lines are appended to: of the monitor (MONL), or the log. When it has its largest size it becomes `file.1`, that one `file.2` and so on. */
export class RotatingFile {
  readonly #path: string;
  readonly #limits: () => RotationLimits;
  #stream: RotatingFileStream | undefined;

  /** @param limits returns the limits in force; called when the file is opened */
  constructor(path: string, limits: () => RotationLimits) {
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
    const { size, files } = this.#limits();
    const stream = createStream((index: number | Date | null) => (index === null ? name : `${name}.${index}`), {
      path: join(dirname(this.#path), "/"),
      size: `${size}B`,
      rotate: files,
    });
    stream.on("error", () => {}); // the texts under way get it, too
    return stream;
  }
}

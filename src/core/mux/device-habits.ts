import type { RequestIds } from "./request-ids.js";

const READS_WITHOUT_ECHO = 3; // noise can spoil one
const MAX_LINKS = 4; // links whose answers may still come, on another link even

/** What the answers of a device have shown about it. It holds for all its links, and as long as the mux lives. */
export class DeviceHabits {
  #echo: "unknown" | "yes" | "no" = "unknown";
  /** Reads in a row that have not come back. */
  #withoutEcho = 0;
  /** Whether answers carry ids that the device makes itself. */
  ownIds = false;
  /** Units that the device names in its answers, by the units that were asked, where they differ. */
  readonly ownUnits = new Map<number, number>();
  /** Whether an answer was refused because several requests waited: it is time to ask one by one, until ids have shown to be right. */
  areIdsDoubtful = false;
  /** Whether the log says already that answers are matched by their order. */
  isTold = false;
  /** Whether the device's own ids differ from answer to answer. */
  ownIdsVary = false;
  /** The ids of the last links. */
  #links: readonly RequestIds[] = [];

  /** Whether requests come back in front of their answers: an adapter hears itself. */
  get echoes(): boolean {
    return this.#echo === "yes";
  }

  /** Whether no read has shown yet if requests come back. */
  get mayEcho(): boolean {
    return this.#echo === "unknown";
  }

  /** A request has come back. Returns whether that is news. */
  echoed(): boolean {
    const isNews = this.#echo !== "yes";
    this.#echo = "yes";
    this.#withoutEcho = 0;
    return isNews;
  }

  /** A read has been answered, and has not come back: some time later the adapter counts as one that does not hear itself. */
  notEchoed(): void {
    if (this.#echo === "no") return;
    this.#withoutEcho += 1;
    if (this.#echo === "unknown" || this.#withoutEcho === READS_WITHOUT_ECHO) this.#echo = "no";
  }

  /** Whether ids and units do not tell answers: their order does. */
  get byOrder(): boolean {
    return this.ownIds || this.ownUnits.size > 0;
  }

  /** A new link makes its ids here. */
  addLink(ids: RequestIds): void {
    this.#links = [ids, ...this.#links].slice(0, MAX_LINKS);
  }

  /** Whether a message with this id could be the answer to an earlier request, late or once more: its id is none of the device's own. */
  isOurs(id: number): boolean {
    return this.#links.some((ids) => ids.isRecent(id));
  }
}

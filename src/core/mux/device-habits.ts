import type { RequestIds } from "./request-ids.js";

const MAX_LINKS = 4; // links whose answers may still come, on another link even

/** What the answers of a device have shown about it. It holds for all its links, and as long as the mux lives. */
export class DeviceHabits {
  /** Whether requests come back in front of their answers: an adapter hears itself. */
  echoes = false;
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

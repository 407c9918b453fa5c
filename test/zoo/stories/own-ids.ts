import type { Story } from "../story.js";

/** Devices that change ids and units. */
export const OWN_IDS: readonly Story[] = [];

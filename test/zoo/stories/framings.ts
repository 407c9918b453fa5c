import type { Story } from "../story.js";

/** Devices of another framing than their clients, and of another one than somebody thought. */
export const FRAMINGS: readonly Story[] = [];

import type { Story } from "../story.js";

/** Devices to which not everybody may write everything. */
export const WRITES: readonly Story[] = [];

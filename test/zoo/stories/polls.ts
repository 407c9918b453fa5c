import type { Story } from "../story.js";

/** Devices that many clients poll at once. */
export const POLLS: readonly Story[] = [];

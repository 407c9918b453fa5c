import type { Story } from "../story.js";

/** Devices of MODE=broadcast. */
export const TALKERS: readonly Story[] = [];

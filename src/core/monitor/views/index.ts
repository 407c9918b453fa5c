import { sameWord } from "../../text.js";
import type { View } from "../view.js";

/** All views, in the order lists show them. A new one is a file and a line here. */
export const VIEWS: readonly View[] = [];

/** The view that shows most of a mux's protocol. */
export function viewOfProtocol(protocol: string): string {
  return protocol;
}

/** The view called `name`, in any case. */
export function findView(name: string): View | undefined {
  return VIEWS.find((view) => sameWord(view.name.toUpperCase(), name));
}

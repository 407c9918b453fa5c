import { closeSync } from "node:fs";
import { isatty } from "node:tty";

/**
 * Lets the process end with its own status when the terminal that it was started in is closed by then. Node.js sets terminals back as they were,
 * and aborts where one is gone (ResetStdio in its node.cc); descriptors that are closed it leaves alone.
 */
export function outliveTerminal(): void {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  if (terminals.length === 0) return;
  process.on("exit", () => {
    for (const descriptor of terminals) if (!isatty(descriptor)) closeSync(descriptor);
  });
}

/**
 * Takes SIGUSR1 from Node, which opens its debugger on it: every local user could run code in the daemon. The first module to
 * run. `--disable-sigusr1` would do the same, but Node 20 does not start with it.
 */

/** Whether Node was started with the debugger on purpose. */
const wanted = [...process.execArgv, process.env["NODE_OPTIONS"] ?? ""].some((text) => text.includes("--inspect"));

/** Closes the debugger. */
function close(): void {
  if (!process.features.inspector) return; // this Node was built without one
  const inspector = process.getBuiltinModule("node:inspector");
  if (inspector.url() !== undefined) inspector.close();
}

process.on("SIGUSR1", () => {}); // a daemon with files to open again adds its own listener
if (!wanted) {
  // A signal that came while Node itself started has opened it, or opens it in this pass of the event loop.
  close();
  setImmediate(close);
}

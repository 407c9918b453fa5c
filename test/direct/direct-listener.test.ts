import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { AcceptedClient, Listener, ReplyMode } from "#src/accept/listener.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import type { DirectLine } from "#src/core/config/settings.js";
import { parseDirectRoute } from "#src/core/direct/direct-line.js";
import { sharedOrigin } from "#src/core/net/client-origin.js";
import type { Dial } from "#src/dial/dial.js";
import { DirectLines } from "#src/direct/direct-lines.js";
import { directListeners } from "#src/direct/direct-listener.js";
import { Device } from "../support/net.js";
import { servicesHere } from "../support/services.js";

async function setUp(t: TestContext, options = "") {
  const device = await Device.open();
  const parsed = parseDirectRoute(`127.0.0.1:${device.port} ${options}`);
  if (!parsed.ok) throw new Error(parsed.message);
  const directLines = new DirectLines(servicesHere(t).generation.context);
  t.after(() => {
    directLines.close();
    device.close();
  });
  const line = { port: 8125, route: parsed.value } as DirectLine;
  const [listener] = directListeners({ ...DEFAULT_SETTINGS, direct: [line] }, { directLines });
  /** A client comes: how it is answered, and where it is connected. */
  const welcome = (): { readonly mode: ReplyMode | undefined; readonly dial: Dial | undefined } => {
    let mode: ReplyMode | undefined;
    let dial: Dial | undefined;
    listener?.welcome({
      originFor: () => sharedOrigin("client"),
      connect: (_request, replyMode, begin) => {
        mode = replyMode;
        dial = begin();
      },
    } as Partial<AcceptedClient> as AcceptedClient);
    return { mode, dial };
  };
  return { device, listener: listener as Listener, welcome };
}

test("each line has a port that connects its clients to the server at once", async (t) => {
  const { device, listener, welcome } = await setUp(t);
  assert.deepEqual([listener.kind, listener.port, listener.name], ["direct", 8125, "direct port 8125"]);
  const { mode, dial } = welcome();
  const end = await dial?.end;
  assert.deepEqual([mode, end?.peerPort], ["direct", device.port]);
  end?.destroy();
});

test("FAIL=reset: a client whose server cannot be reached is reset", async (t) => {
  const { welcome } = await setUp(t, "FAIL=reset");
  const { mode, dial } = welcome();
  assert.equal(mode, "reset");
  (await dial?.end)?.destroy();
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { AcceptedClient, Listener, ReplyMode } from "#src/accept/listener.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import type { MuxLine } from "#src/core/config/settings.js";
import type { Dial } from "#src/dial/dial.js";
import type { MuxClient } from "#src/mux/mux-client.js";
import { MuxLines } from "#src/mux/mux-lines.js";
import { muxListeners } from "#src/mux/mux-listener.js";
import { muxRoute } from "../support/mux-parts.js";
import { servicesHere } from "../support/services.js";

const LINE = { port: 5020, name: "inverter", route: muxRoute("PROT=modbus") } as MuxLine;

test("each line has a port whose clients are attached to the mux of the line", async (t) => {
  const muxLines = new MuxLines(servicesHere(t).generation.context);
  t.after(() => muxLines.close("the test has ended"));
  const [listener, ...more] = muxListeners({ ...DEFAULT_SETTINGS, mux: [LINE] }, { muxLines });
  const { kind, port, name } = listener as Listener;
  assert.deepEqual([kind, port, name, more], ["mux", 5020, "mux inverter (port 5020)", []]);
  let mode: ReplyMode | undefined;
  let dial: Dial | undefined;
  listener?.welcome({
    origin: { address: "192.0.2.7", line: "mux port 5020", hops: 0 },
    connect: (_request, replyMode, begin) => {
      mode = replyMode;
      dial = begin();
    },
  } as Partial<AcceptedClient> as AcceptedClient);
  const end = await dial?.end;
  assert.equal((end as MuxClient).origin.address, "192.0.2.7");
  assert.deepEqual([mode, end?.peerPort, muxLines.of(LINE).status.clientCount], ["direct", 1, 1]);
});

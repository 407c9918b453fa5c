import type { Framing, FramingKind } from "../../framing/framing.js";
import type { Protocol } from "../protocol.js";
import { plain } from "./plain-protocol.js";

/** Whatever comes at once is a message: no framing proper, since its cuts are the chunks. */
class RawFraming implements Framing {
  readonly held = 0;

  push(chunk: Buffer): ReturnType<Framing["push"]> {
    return [{ kind: "frame", bytes: chunk }];
  }

  end(): ReturnType<Framing["end"]> {
    return [];
  }
}

const rawFraming: FramingKind = {
  name: "raw",
  help: "What a client writes at once is a message",
  maxHeld: 0,
  requests: () => new RawFraming(),
  answers: () => new RawFraming(),
};

/** Devices whose messages have no end that can be told, such as CAN gateways: for broadcast only, since no answer could be known. */
export const raw: Protocol = plain(rawFraming);

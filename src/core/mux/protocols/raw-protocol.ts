import type { Framing, FramingKind } from "../../framing/framing.js";
import type { Protocol } from "../protocol.js";
import { plainProtocol } from "./plain-protocol.js";

/** Each chunk is a message. This breaks the law that cuts do not depend on chunks; nothing but {@link rawProtocol} uses it. */
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
  maxHeld: 0,
  requests: () => new RawFraming(),
  answers: () => new RawFraming(),
};

/** Devices whose messages have no recognizable end, such as CAN gateways. For broadcast only: the mux could not recognize an answer. */
export const rawProtocol: Protocol = plainProtocol(rawFraming);

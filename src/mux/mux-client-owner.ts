import type { HttpHead } from "../core/framing/framing.js";
import type { MessageFault } from "../core/mux/protocol.js";
import type { DetectedProtocol } from "../core/mux/protocol-detection.js";
import type { RequestBody } from "../core/mux/request-body.js";

/** What a mux does with the bytes of a client. */
export interface MuxClientOwner {
  /** The client has sent a whole message; `head`: its head, in HTTP. With a `body`: its beginning, and the rest goes through the body. */
  message(bytes: Buffer, head: HttpHead | undefined, body: RequestBody | undefined): void;
  /** The client has sent the head of a message, and the rest is still to come. */
  headReceived(head: HttpHead): void;
  /** The client has sent bytes that are no message, or only a part of one; `bytes`: lent, where they are worth a look. */
  malformed(reason: string, fault: MessageFault, bytes?: Buffer): void;
  /** The client speaks another protocol; `bytes`: its first ones. */
  wrongProtocol(detected: DetectedProtocol, bytes: Buffer): void;
  /** The client reads again, and its backlog is small. */
  resumed(): void;
  /**
   * The client has sent FIN.
   *
   * @returns whether answers are outstanding: the client then counts as alive while the device is silent
   */
  inputEnded(): boolean;
  /** The client is gone. */
  gone(): void;
  /** Whether the queue of the client is full: the mux accepts no message from it at the moment. */
  isQueueFull(): boolean;
  /** Whether nothing of the client waits for its turn or its answer. */
  isAnswered(): boolean;
  /** Whether other clients wait for their turn. */
  isAwaited(): boolean;
  /** Whether nobody uses the device. */
  isDeviceIdle(): boolean;
  /** Longest time that the client may stop in the middle of its request or its answer (STAL). */
  stallMs(): number;
  /** The client has read nothing for {@link stallMs} while it kept the device waiting. */
  readStalled(): void;
}

import type { HostPort } from "../core/net/address.js";
import type { ConnOptions } from "../core/options/conn-options.js";
import type { ConnRequest } from "../core/options/conn-request.js";
import { fail, map, ok, type Result } from "../core/parse/result.js";
import type { CommandContext, CommandOutcome } from "../core/setup/command.js";
import { COMMANDS } from "../core/setup/commands/commands.js";
import { LineBuffer } from "../core/setup/line-buffer.js";
import { errorReply, runCommand } from "../core/setup/run-command.js";
import type { WatchRequest } from "../core/setup/watch-request.js";
import { FEW_STEPS, TimeSlice } from "../scheduling/time-slice.js";
import type { EarlyBytes } from "../sockets/early-data.js";
import { type End, endedBy } from "../sockets/end.js";
import { ReplyStream } from "../sockets/reply-stream.js";
import { UnreadLimit } from "../sockets/unread-limit.js";
import type { Clock, Timer } from "../system/clock.js";
import { BUILD } from "../version.js";

/** The connection whose client is in setup mode. */
export interface SetupSessionOwner {
  readonly pid: string;
  denialReason: CommandContext["denialReason"];
  optionProblem: CommandContext["optionProblem"];
  status(): ReturnType<CommandContext["status"]>;
  readonly places: CommandContext["places"];
  /** The client asks for a remote. @param early what it has sent behind the command already */
  dial(request: ConnRequest, early: EarlyBytes): void;
  /** The client asks to see messages. */
  watch(request: WatchRequest): void;
  /** Makes this machine the device of a tunnel's server; resolves with why it cannot be, or with undefined. */
  beginDevice(server: HostPort, service: HostPort): Promise<string | undefined>;
  stopDaemon(): void;
  /** Reads the configuration again; resolves with what is wrong with it, or with undefined. */
  reload(): Promise<string | undefined>;
  /** Hands the daemon over to the program that is on disk now; resolves with what has moved, or with why it cannot. */
  upgrade(): Promise<Result<string>>;
  /** Setup mode has ended without a remote. */
  ended(reason: string): void;
  /** The client has sent something. */
  heard(): void;
  trace(text: string): void;
  fault(error: unknown): void;
}

/** Commands run one after the other: while one is busy, those behind it wait. */
type State =
  | { readonly kind: "waiting"; readonly deadline: Timer }
  | { readonly kind: "busy"; readonly report?: ReplyStream }
  | { readonly kind: "over" };

const MAX_LINE = 4096; // bytes
const COMMAND_LIMIT_MS = 30_000; // docs/protocol.md
const COMMAND_LIMIT_AFTER_STAT_MS = 6_000_000; // people leave a session open to look at STAT now and then
const MAX_UNSENT = 65_536; // bytes of replies that the client has not taken: beyond this its next command waits
const UNREAD_LIMIT_MS = 30_000; // as long as a client has for a command, it has to take something of its replies
const GREETING = "OK TOGGLEDBITS-SOCKPROXY 1";

function* line(pieces: Iterable<string>): Generator<string> {
  yield* pieces;
  yield "\n";
}

/** Setup mode of one client: greets it and runs its commands in order, until one of them ends setup mode. */
export class SetupSession {
  readonly #client: End;
  readonly #clock: Clock;
  readonly #owner: SetupSessionOwner;
  readonly #lines = new LineBuffer(MAX_LINE);
  #presetOptions: Partial<ConnOptions> = {};
  #eof = false;
  /** Longest time to the end of the next command. */
  #commandLimitMs = COMMAND_LIMIT_MS;
  #state: State = { kind: "busy" };
  readonly #slice = new TimeSlice(() => this.#goOn(), FEW_STEPS);
  readonly #replies: UnreadLimit;

  constructor(client: End, clock: Clock, owner: SetupSessionOwner) {
    this.#client = client;
    this.#clock = clock;
    this.#owner = owner;
    this.#replies = new UnreadLimit(client, UNREAD_LIMIT_MS, clock, (reason) => this.#end(`client ${reason}`));
  }

  start(): void {
    this.#client.events = {
      data: (chunk) => {
        this.#owner.heard();
        this.#lines.push(chunk);
        this.#run();
      },
      eof: () => {
        this.#eof = true;
        this.#run();
      },
      drained: () => {
        this.#replies.stop();
        if (this.#state.kind === "busy") this.#state.report?.resume();
        this.#run();
      },
      finished() {},
      closed: (error) => this.#end(endedBy("client", error)),
      fault: (error) => this.#owner.fault(error),
    };
    this.#reply(`${GREETING} ${this.#owner.pid}`);
    this.#waitForCommand();
    this.#client.resume();
  }

  /** Ends the session without a call of {@link SetupSessionOwner.ended}. */
  close(): void {
    const state = this.#state;
    this.#state = { kind: "over" };
    if (state.kind === "waiting") state.deadline.cancel();
    if (state.kind === "busy") state.report?.cancel();
    this.#replies.stop();
  }

  #run(): void {
    while (this.#state.kind !== "over") {
      if (this.#state.kind === "busy" || this.#slice.yielding || this.#client.unsent > MAX_UNSENT) {
        this.#client.pause();
        return;
      }
      const cut = this.#lines.next();
      if (cut.kind === "too-long") {
        this.#fail("LINE", `longer than ${MAX_LINE} bytes`);
      } else if (cut.kind === "line") {
        this.#command(cut.text);
      } else if (this.#eof) {
        this.#end(endedBy("client"));
      } else {
        this.#client.resume();
        return;
      }
      if (!this.#slice.takeStep()) this.#slice.yield();
    }
  }

  #goOn(): void {
    try {
      this.#run();
    } catch (error) {
      this.#owner.fault(error);
    }
  }

  #command(line: string): void {
    const ran = runCommand(line, {
      connectionId: this.#owner.pid,
      build: BUILD,
      commands: COMMANDS,
      presetOptions: this.#presetOptions,
      denialReason: (permission) => this.#owner.denialReason(permission),
      optionProblem: (options) => this.#owner.optionProblem(options),
      status: () => this.#owner.status(),
      places: this.#owner.places,
    });
    if (ran === undefined) return;
    this.#owner.trace(`command ${line}`);
    this.#act(ran.word, ran.outcome);
  }

  #act(word: string, outcome: CommandOutcome): void {
    switch (outcome.kind) {
      case "reply":
        this.#presetOptions = { ...this.#presetOptions, ...outcome.presetOptions };
        this.#reply(outcome.text);
        this.#waitForCommand();
        return;
      case "report":
        this.#report(outcome.pieces);
        return;
      case "quit":
        this.#reply(outcome.text);
        this.#end(`${word} by client`);
        return;
      case "dial":
        this.close();
        this.#owner.dial(outcome.request, { bytes: this.#lines.takeRest(), ended: this.#eof });
        return;
      case "stop":
        this.#reply(outcome.text);
        this.#end(`${word} by client`);
        this.#owner.stopDaemon();
        return;
      case "reload":
        this.#answerLater(word, outcome.text, this.#owner.reload());
        return;
      case "upgrade":
        this.#replyLater(
          word,
          this.#owner.upgrade().then((result) => map(result, (moved) => `${outcome.text} ${moved}`)),
        );
        return;
      case "device":
        this.#answerLater(word, outcome.text, this.#owner.beginDevice(outcome.server, outcome.service));
        return;
      case "watch":
        this.#reply(outcome.text);
        this.close();
        this.#owner.watch(outcome.request);
        return;
      case "error":
        this.#fail(word, outcome.message);
        return;
    }
  }

  /** Writes a long reply as fast as the client takes it. */
  #report(pieces: Iterable<string>): void {
    this.#beginWork();
    const client = this.#client;
    const reader = {
      get unsent() {
        return client.unsent;
      },
      write: (text: string) => this.#replies.write(text),
      finished: () => {
        this.#commandLimitMs = COMMAND_LIMIT_AFTER_STAT_MS;
        this.#waitForCommand();
        this.#run();
      },
      fault: (error: unknown) => this.#owner.fault(error),
    };
    this.#state = { kind: "busy", report: new ReplyStream(line(pieces), reader) };
  }

  /** Replies when it is known what is wrong, or that nothing is. */
  #answerLater(word: string, text: string, problemOf: Promise<string | undefined>): void {
    this.#replyLater(
      word,
      problemOf.then((problem) => (problem === undefined ? ok(text) : fail(problem))),
    );
  }

  /** Replies when it is known what became of a command. */
  #replyLater(word: string, result: Promise<Result<string>>): void {
    this.#beginWork();
    result
      .then((known) => {
        if (this.#state.kind === "over") return;
        this.#answer(word, known);
        this.#run();
      })
      .catch((error: unknown) => this.#owner.fault(error));
  }

  /** Replies to a command that may have failed. */
  #answer(word: string, result: Result<string>): void {
    if (!result.ok) {
      this.#fail(word, result.message);
      return;
    }
    this.#reply(result.value);
    this.#waitForCommand();
  }

  #reply(text: string): void {
    this.#replies.write(`${text}\n`);
  }

  #fail(word: string, message: string): void {
    const reply = errorReply(word, message);
    this.#reply(reply);
    this.#end(reply);
  }

  /** A command takes its time. */
  #beginWork(): void {
    if (this.#state.kind === "waiting") this.#state.deadline.cancel();
    this.#state = { kind: "busy" };
  }

  #waitForCommand(): void {
    if (this.#state.kind === "over") return;
    this.#beginWork();
    const ms = this.#commandLimitMs;
    this.#state = {
      kind: "waiting",
      deadline: this.#clock.after(ms, () => this.#end(`no command within ${ms / 1000} s`)),
    };
  }

  #end(reason: string): void {
    if (this.#state.kind === "over") return;
    this.close();
    this.#owner.ended(reason);
  }
}

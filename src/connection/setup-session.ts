import type { HostPort } from "../core/net/address.js";
import type { ConnOptions } from "../core/options/conn-options.js";
import type { ConnRequest } from "../core/options/conn-request.js";
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

/** What a session asks of the connection it belongs to. */
export interface SetupSessionOwner {
  readonly pid: string;
  denialReason: CommandContext["denialReason"];
  status(): ReturnType<CommandContext["status"]>;
  /** The client wants this remote; `early`: what it has sent behind the command already. */
  dial(request: ConnRequest, early: EarlyBytes): void;
  /** The client wants to see messages from now on. */
  watch(request: WatchRequest): void;
  /** Has this machine be the device of a server; returns why not, or nothing when it is. */
  beginDevice(server: HostPort, service: HostPort): string | undefined;
  stopDaemon(): void;
  /** Has the configuration read again; resolves with what is wrong with it, or with nothing. */
  reload(): Promise<string | undefined>;
  /** The session is over, for this reason. */
  over(reason: string): void;
  trace(text: string): void;
  fault(error: unknown): void;
}

const MAX_LINE = 4096;
const COMMAND_WITHIN_MS = 30_000;
const PATIENCE_MS = 6_000_000; // after a STAT: people leave it open
const MAX_UNSENT = 65_536; // replies a client does not read: beyond this its next command waits
const UNREAD_MS = 30_000; // a client that takes nothing of its replies is closed then: as long as it has for a command
const GREETING = "OK TOGGLEDBITS-SOCKPROXY 1";

function* line(pieces: Iterable<string>): Generator<string> {
  yield* pieces;
  yield "\n";
}

/** Setup mode of one client: greets it, runs its commands one after the other, until one of them ends setup mode. */
export class SetupSession {
  readonly #client: End;
  readonly #clock: Clock;
  readonly #owner: SetupSessionOwner;
  readonly #lines = new LineBuffer(MAX_LINE);
  #presetOptions: Partial<ConnOptions> = {};
  #deadline: Timer | undefined;
  #eof = false;
  /** How long it waits for a command. */
  #patienceMs = COMMAND_WITHIN_MS;
  #over = false;
  /** A command is being carried out; those behind it wait. */
  #busy = false;
  /** A long reply that is under way. */
  #report: ReplyStream | undefined;
  readonly #slice = new TimeSlice(() => this.#goOn(), FEW_STEPS);
  readonly #replies: UnreadLimit;

  constructor(client: End, clock: Clock, owner: SetupSessionOwner) {
    this.#client = client;
    this.#clock = clock;
    this.#owner = owner;
    this.#replies = new UnreadLimit(client, UNREAD_MS, clock, (reason) => this.#end(`client ${reason}`));
  }

  start(): void {
    this.#client.events = {
      data: (chunk) => {
        this.#lines.push(chunk);
        this.#run();
      },
      eof: () => {
        this.#eof = true;
        this.#run();
      },
      drained: () => {
        this.#replies.settled();
        this.#report?.resume();
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

  /** Ends it from outside. */
  close(): void {
    this.#over = true;
    this.#deadline?.cancel();
    this.#report?.cancel();
    this.#replies.settled();
  }

  #run(): void {
    while (!this.#over) {
      if (this.#busy || this.#slice.yielding || this.#client.unsent > MAX_UNSENT) {
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
      status: () => this.#owner.status(),
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
        this.#tell(outcome.pieces);
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
        this.#reload(word, outcome.text);
        return;
      case "device": {
        const problem = this.#owner.beginDevice(outcome.server, outcome.service);
        if (problem !== undefined) {
          this.#fail(word, problem);
          return;
        }
        this.#reply(outcome.text);
        this.#waitForCommand();
        return;
      }
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

  /** Gives a long reply, as the client takes it. */
  #tell(pieces: Iterable<string>): void {
    this.#busy = true;
    this.#deadline?.cancel();
    const client = this.#client;
    const reader = {
      get unsent() {
        return client.unsent;
      },
      write: (text: string) => this.#replies.write(text),
      over: () => {
        this.#report = undefined;
        this.#busy = false;
        this.#patienceMs = PATIENCE_MS;
        this.#waitForCommand();
        this.#run();
      },
      fault: (error: unknown) => this.#owner.fault(error),
    };
    this.#report = new ReplyStream(line(pieces), reader);
  }

  #reload(word: string, text: string): void {
    this.#busy = true;
    this.#deadline?.cancel();
    this.#owner
      .reload()
      .then((problem) => {
        this.#busy = false;
        if (this.#over) return;
        if (problem === undefined) this.#reply(text);
        else this.#fail(word, problem);
        this.#waitForCommand();
        this.#run();
      })
      .catch((error: unknown) => this.#owner.fault(error));
  }

  #reply(text: string): void {
    this.#replies.write(`${text}\n`);
  }

  #fail(word: string, message: string): void {
    const reply = errorReply(word, message);
    this.#reply(reply);
    this.#end(reply);
  }

  #waitForCommand(): void {
    if (this.#over) return;
    const ms = this.#patienceMs;
    this.#deadline?.cancel();
    this.#deadline = this.#clock.after(ms, () => this.#end(`no command within ${ms / 1000} s`));
  }

  #end(reason: string): void {
    if (this.#over) return;
    this.close();
    this.#owner.over(reason);
  }
}

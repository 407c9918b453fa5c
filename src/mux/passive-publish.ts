import type { MuxLine } from "../core/config/settings.js";
import { AnswerTrust } from "../core/mux/publish/answer-trust.js";
import { PollPlan } from "../core/mux/publish/poll-plan.js";
import type { ValueStatus } from "../core/mux/publish/published-value.js";
import { type Due, ValueBoard } from "../core/mux/publish/value-board.js";
import { rangeOf } from "../core/mux/register-ranges.js";
import { Countdown } from "./countdown.js";
import type { MuxContext } from "./mux-context.js";
import { MuxLog } from "./mux-log.js";
import type { PendingRequest } from "./pending-request.js";
import { RegisterPoller } from "./register-poller.js";
import type { RequestMux } from "./request-mux.js";
import type { ValueTopics } from "./value-topics.js";

/** Where the values of a line are published. */
export type ValueSink = Pick<ValueTopics, "publish">;

/** Publishes values of a shared device that pass in answers to its clients, and asks for those that nobody asks for (`publish=`, docs/mux.md). */
export class PassivePublish {
  readonly #mux: RequestMux;
  readonly #context: MuxContext;
  readonly #line: MuxLine;
  readonly board: ValueBoard;
  readonly #plan: PollPlan;
  readonly #trust = new AnswerTrust();
  #poller: RegisterPoller | undefined;
  #isStopped = false;
  readonly #sink: ValueSink | undefined;
  readonly #wake: Countdown;
  #wakeAt = Number.POSITIVE_INFINITY;

  /** @param former what published for this device before a reload: it has been {@link stop stopped} */
  constructor(
    mux: RequestMux,
    line: MuxLine,
    context: MuxContext,
    sink: ValueSink | undefined,
    former?: PassivePublish,
  ) {
    const { publish, pollMs } = line.route.mux;
    const { clock } = context;
    const log = new MuxLog(line, line.route.target, context);
    this.#mux = mux;
    this.#line = line;
    this.#context = context;
    this.#sink = sink;
    this.board = new ValueBoard(publish, pollMs, former?.board);
    this.board.forgetTold();
    this.#plan = new PollPlan(this.board.values, clock.now(), Math.random);
    const free = context.deviceIsFree?.(line);
    if (free === undefined) this.#startPolls(log);
    else void free.then(() => this.#startPolls(log));
    this.#wake = new Countdown(clock, () => this.#tell(this.board.due(clock.now())));
    mux.observe((pending, answer) => this.#answered(pending, answer));
    this.#tell(this.board.due(clock.now()));
  }

  /** What STAT shows. */
  get status(): ValueStatus[] {
    return this.board.status(this.#context.clock.now());
  }

  /** Publishes nothing more, and asks no more. */
  stop(): void {
    this.#mux.observe(undefined);
    this.#wake.cancel();
    this.#isStopped = true;
    this.#poller?.stop();
  }

  #startPolls(log: MuxLog): void {
    if (this.#isStopped) return;
    this.#poller = new RegisterPoller(this.#plan, {
      clock: this.#context.clock,
      mux: this.#mux,
      refused({ range, values: [value] }, exception) {
        const what = `${value?.rule.table} ${range.start} of unit ${range.unit}, ${range.count} long`;
        log.throttled(`refused ${what}`, `the device does not read ${what}: exception ${exception}`);
      },
      fault: (error) => log.fault(error),
    });
  }

  /** An answer says something when unit, function and shape are those of its request, whatever the mux may take for its clients. */
  #answered({ request, id, isFailure }: PendingRequest, answer: Buffer): void {
    this.#plan.reached();
    const { protocol } = this.#line.route.mux;
    const { ranges } = protocol;
    const range = isFailure ? undefined : rangeOf(request);
    if (range === undefined || ranges === undefined || !protocol.isAnswerTo(answer, request)) return;
    if (!this.#trust.trusts(protocol.idOf(answer) !== id || !ranges.isSound(answer))) return;
    this.#tell(this.board.answered(range, ranges.values(answer), this.#context.clock.now()));
  }

  #tell({ publications, nextAt }: Due): void {
    for (const publication of publications) this.#sink?.publish(publication);
    const now = this.#context.clock.now();
    if (this.#wake.running && nextAt >= this.#wakeAt) return;
    this.#wakeAt = nextAt;
    if (Number.isFinite(nextAt)) this.#wake.start(Math.max(1, Math.ceil(nextAt - now)));
  }
}

import { faultText, printable } from "../core/parse/text.js";
import { outliveTerminal } from "../system/lost-terminal.js";
import type { CommandName } from "./command-table.js";
import { unknownCommand } from "./flags.js";
import { type Complain, EXIT, misused, type Started } from "./outcome.js";

/** What a command line does. @param argv without the program and the word of the subcommand */
type Command = (argv: readonly string[], complain: Complain) => Promise<Started>;

/** What carries out each row of command-table.ts. Each is loaded when it runs: none pays for the packages of another. */
const COMMANDS: Readonly<Record<CommandName, () => Promise<Command>>> = {
  status: async () => (await import("./status-command.js")).status,
  stop: async () => (await import("./control-command.js")).stop,
  reload: async () => (await import("./control-command.js")).reload,
  upgrade: async () => (await import("./control-command.js")).upgrade,
  watch: async () => (await import("./watch-command.js")).watch,
  mux: async () => (await import("./mux-command.js")).mux,
  tunnel: async () => (await import("./tunnel-command.js")).tunnel,
  record: async () => (await import("./record-command.js")).record,
  replay: async () => (await import("./replay-command.js")).replay,
  doctor: async () => (await import("./doctor-command.js")).doctor,
  "reverse-proxy": async () => (await import("./reverse-proxy-command.js")).reverseProxy,
};

/** Without a subcommand the daemon itself runs. */
const SERVE = async (): Promise<Command> => (await import("./serve-command.js")).serve;

const SIGNAL_STATUS = 128; // a shell's convention: the signal's number on top of this
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

function complain(text: string): void {
  process.stderr.write(`sockproxyd: ${printable(text)}\n`);
}

/**
 * Runs the program: prints what the command line asks for, or keeps a daemon running until it has stopped.
 *
 * @param argv without the program
 */
export async function main(argv: readonly string[]): Promise<void> {
  outliveTerminal();
  const started = await run(argv);
  if (started.kind === "answer") {
    const { text, isStyled } = started;
    process.stdout.write(`${isStyled ? text : text.split("\n").map(printable).join("\n")}\n`);
    process.exitCode = started.status ?? EXIT.clean;
  } else if (started.kind === "wrong") {
    for (const line of started.lines) complain(line);
    process.exitCode = started.status;
  } else {
    await keepRunning(started);
  }
}

function isCommand(word: string): word is CommandName {
  return Object.hasOwn(COMMANDS, word);
}

async function run(argv: readonly string[]): Promise<Started> {
  const [first = "-"] = argv;
  if (first === "help") return run([...argv.slice(1), "--help"]);
  if (isCommand(first)) return (await COMMANDS[first]())(argv.slice(1), complain);
  if (first.startsWith("-")) return (await SERVE())(argv, complain);
  return misused(`${unknownCommand(first, Object.keys(COMMANDS))}; see --help`);
}

/** Obeys signals until the daemon has stopped. */
async function keepRunning({ daemon, log }: Extract<Started, { kind: "running" }>): Promise<void> {
  let signals = 0;
  for (const [signal, number] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      signals += 1;
      if (signals > 1) leave(SIGNAL_STATUS + number);
      void daemon.stop(signal);
    });
  }
  process.on("SIGHUP", () => {
    daemon.reopenFiles();
    void daemon.reload("SIGHUP", true);
  });
  const fault = (error: unknown): void => log.error(`outside any connection: ${faultText(error)}`);
  process.on("uncaughtException", fault);
  process.on("unhandledRejection", fault);
  await daemon.stopped;
  await log.flush();
  leave(EXIT.clean);
}

/**
 * Ends the process. Node waits for its threads then, and nothing ends one in which the system's resolver hangs: SIGTERM does, which service
 * managers take for a clean end, too.
 */
function leave(status: number): never {
  if (process.getActiveResourcesInfo().includes("GetAddrInfoReqWrap")) {
    process.removeAllListeners("SIGTERM");
    process.kill(process.pid, "SIGTERM");
  }
  process.exit(status);
}

import { faultText, printable } from "../core/parse/text.js";
import { unknownCommand } from "./flags.js";
import { mux } from "./mux-command.js";
import { reverseProxy } from "./reverse-proxy-command.js";
import { serve } from "./serve-command.js";
import { EXIT, misused, type Started } from "./start.js";
import { tunnel } from "./tunnel-command.js";
import { watch } from "./watch-command.js";

/** The subcommands, by the first word of the command line. Without one the daemon itself runs. */
const COMMANDS = new Map([
  ["mux", mux],
  ["tunnel", tunnel],
  ["watch", watch],
  ["reverse-proxy", reverseProxy],
]);

const SIGNAL_STATUS = 128; // a shell's convention: the signal's number on top of this
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

function complain(text: string): void {
  process.stderr.write(`sockproxyd: ${printable(text)}\n`);
}

const argv = process.argv.slice(2);
const started = await run();

function run(): Promise<Started> {
  const [first = "-"] = argv;
  const command = COMMANDS.get(first);
  if (command !== undefined) return command(argv.slice(1), complain);
  if (first.startsWith("-")) return serve(argv, complain);
  return Promise.resolve(misused(`${unknownCommand(first, [...COMMANDS.keys()])}; see --help`));
}

if (started.kind === "answer") {
  process.stdout.write(`${started.text.split("\n").map(printable).join("\n")}\n`);
  process.exitCode = started.status ?? EXIT.clean;
} else if (started.kind === "wrong") {
  for (const line of started.lines) complain(line);
  process.exitCode = started.status;
} else {
  const { daemon, log } = started;
  let signals = 0;
  for (const [signal, number] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      signals += 1;
      if (signals > 1) process.exit(SIGNAL_STATUS + number);
      void daemon.stop(signal);
    });
  }
  process.on("SIGHUP", () => {
    daemon.reopenFiles();
    void daemon.reload("SIGHUP");
  });
  const fault = (error: unknown): void => log.error(`outside any connection: ${faultText(error)}`);
  process.on("uncaughtException", fault);
  process.on("unhandledRejection", fault);
  await daemon.stopped;
  await log.flush();
  process.exit(EXIT.clean);
}

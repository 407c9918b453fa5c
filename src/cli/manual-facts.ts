import type { ManualFacts } from "../core/command-line/man-page.js";

/** What the man page says beside the commands. Files are those of the Debian package. */
export const MANUAL_FACTS: Omit<ManualFacts, "date" | "version"> = {
  signals: [
    ["SIGHUP", "Reads the configuration, opens the log and the files of the monitor again"],
    ["SIGUSR1", "Opens the log and the files of the monitor again"],
    ["SIGTERM, SIGINT", "Ends the daemon, after the last notifications went out; a second one ends it at once"],
  ],
  environment: [
    [
      "SOCKPROXYD_CONFIG",
      "The configuration file by which status, stop, reload, watch and record find a daemon where no word says which; without it /etc/sockproxyd.conf",
    ],
    ["NO_COLOR", "Not empty: no colours on a terminal"],
    [
      "XDG_RUNTIME_DIR, XDG_STATE_HOME",
      "Where the control socket of a reverse proxy stands, in the folder sockproxyd; without them it is in /run/sockproxyd for root, and in ~/.local/state/sockproxyd for others",
    ],
  ],
  files: [
    [
      "/etc/sockproxyd.conf",
      "The configuration file that the service of the package reads; other daemons name theirs by -c",
    ],
    ["cli.yml", "The server of a reverse proxy, in the folder where it starts"],
  ],
  seeAlso: [
    "The folder docs of the package describes the configuration file, the commands that clients say, and what to do when something fails.",
    "Begin with docs/install.md, docs/configuration.md and docs/troubleshooting.md.",
  ],
};

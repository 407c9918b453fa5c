// Measures the daemon against the TCP proxies installed here, side by side: one table, or with --json one JSON document.
import { parseArgs } from "node:util";
import { Load } from "./load.mjs";
import { chooseCores, machine } from "./machine.mjs";
import { startMonitored } from "./measures/monitor.mjs";
import { startMux } from "./measures/mux.mjs";
import { startTunnel } from "./measures/tunnel.mjs";
import { KINDS, startProxy } from "./proxies.mjs";
import { ROWS, runRounds } from "./rounds.mjs";
import { results, table } from "./table.mjs";

const USAGE = `Usage: npm run bench -- [--quick] [--rounds n] [--json]

  --quick     One short round: about a minute, and rough
  --rounds n  So many rounds, 1 to 100 (default: 5, about 5 minutes)
  --json      Print one JSON document
`;
const MAX_ROUNDS = 100;
const PAIRS = 4000;
const SPARE_FILES = 500; // listeners, logs, libraries, the connections of other measures

/** What is going on, for whoever waits. */
function say(text) {
  process.stderr.write(`bench: ${text}\n`);
}

/** The arguments, checked; ends the program when they are wrong. */
function readArguments() {
  try {
    const { values } = parseArgs({
      options: { quick: { type: "boolean" }, rounds: { type: "string" }, json: { type: "boolean" } },
    });
    const { quick = false, json = false } = values;
    const rounds = Number(values.rounds ?? (quick ? 1 : 5));
    if (!Number.isInteger(rounds) || rounds < 1 || rounds > MAX_ROUNDS) throw new Error("bad number of rounds");
    return { rounds, json, ...(quick ? { warmUpSeconds: 0.4, seconds: 1 } : { warmUpSeconds: 1, seconds: 1.5 }) };
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** How many idle pairs the file limit allows, each two files of the load and of the proxy. */
function countPairs(files) {
  const pairs = Math.min(PAIRS, Math.floor((files - SPARE_FILES) / 2));
  if (pairs < 1) throw new Error(`at most ${files} open files: raise ulimit -n`);
  if (pairs < PAIRS) say(`at most ${files} open files: ${pairs} idle pairs instead of ${PAIRS}`);
  return pairs;
}

/** The proxies that are installed, with their versions. */
function findKinds() {
  const found = [];
  for (const kind of KINDS) {
    const version = kind.version();
    if (version !== undefined) found.push({ kind, version });
    else say(`${kind.name} is not installed${kind.name === "haproxy" ? ": no ratios to it" : ", and is left out"}`);
  }
  return found;
}

/** All of it. */
async function main() {
  const { rounds, warmUpSeconds, seconds, json } = readArguments();
  const began = performance.now();
  const cores = chooseCores(say);
  const found = findKinds();
  const load = await Load.start(cores?.load);
  const pairs = countPairs(load.files);
  const proxies = [];
  for (const { kind } of found) proxies.push(await startProxy(kind, [load.ports.bulk, ...load.ports.echo], cores));
  const mux = await startMux(load, cores);
  const monitored = await startMonitored(load, cores);
  const tunnel = await startTunnel(load, cores);
  const samples = await runRounds(
    { load, proxies, mux, monitored, tunnel, cores, rounds, warmUpSeconds, seconds, pairs },
    say,
  );
  const versions = Object.fromEntries(found.map(({ kind, version }) => [kind.name, version]));
  const names = found.map(({ kind }) => kind.name);
  const here = machine();
  const { count, disturbed } = samples;
  if (json) {
    const settings = { rounds, seconds, pairs, cores };
    const document = {
      machine: here,
      versions,
      settings,
      measurements: count,
      disturbed,
      results: results(samples, names, ROWS),
    };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    return;
  }
  const pinned = cores ? `proxies on core ${cores.proxy}, load on core ${cores.load}` : "nothing pinned to a core";
  console.log(`
${here.cpu}, ${here.cores} cores, Linux ${here.kernel}, Node ${here.node}; ${pinned}
${names.map((name) => `${name} ${versions[name]}`).join(", ")}
Medians of ${rounds} round${rounds === 1 ? "" : "s"} (${Math.round((performance.now() - began) / 1000)} s)${names.includes("haproxy") ? ", × the value of HAProxy" : ""}; ${pairs} idle pairs

${table(samples, names, ROWS)}
`);
  if (disturbed > 0) {
    console.log(
      `Other processes disturbed ${disturbed} of ${count} measurements. They are left out; where there is nothing else: ~\n`,
    );
  }
}

main().then(
  () => process.exit(0),
  (error) => {
    say(error.stack);
    process.exit(1);
  },
);

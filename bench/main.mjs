// Measures the daemon beside the other TCP proxies of this machine. Prints one table, or with --json one JSON document.
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

  --quick     One short round of about a minute; the results are rough
  --rounds n  The number of rounds, 1 to 100 (default: 5, about 5 minutes)
  --json      Print one JSON document
`;
const QUICK = { warmUpSeconds: 0.4, seconds: 1, idleSeconds: 5 };
const THOROUGH = { warmUpSeconds: 1, seconds: 1.5, idleSeconds: 20 };
const MAX_ROUNDS = 100;
const PAIRS = 4000;
const SPARE_FILES = 500; // listeners, logs, libraries, the connections of other measures

/** Reports progress. */
function say(text) {
  process.stderr.write(`bench: ${text}\n`);
}

/** Reads the arguments; a mistake ends the program. */
function readArguments() {
  try {
    const { values } = parseArgs({
      options: { quick: { type: "boolean" }, rounds: { type: "string" }, json: { type: "boolean" } },
    });
    const { quick = false, json = false } = values;
    const rounds = Number(values.rounds ?? (quick ? 1 : 5));
    if (!Number.isInteger(rounds) || rounds < 1 || rounds > MAX_ROUNDS)
      throw new Error(`--rounds: a number from 1 to ${MAX_ROUNDS} is wanted`);
    return { rounds, json, ...(quick ? QUICK : THOROUGH) };
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** How many idle pairs the file limit allows. A pair takes two files of the load process, and two of the proxy. */
function countPairs(files) {
  const pairs = Math.min(PAIRS, Math.floor((files - SPARE_FILES) / 2));
  if (pairs < 1) throw new Error(`only ${files} open files are allowed: raise ulimit -n`);
  if (pairs < PAIRS) say(`only ${files} open files are allowed: ${pairs} idle pairs instead of ${PAIRS}`);
  return pairs;
}

/** The installed proxies, with their versions. */
function findKinds() {
  const found = [];
  for (const kind of KINDS) {
    const version = kind.version();
    if (version !== undefined) found.push({ kind, version });
    else
      say(
        `${kind.name} is not installed${kind.name === "haproxy" ? ": the table has no ratios" : ": the table leaves it out"}`,
      );
  }
  return found;
}

async function main() {
  const { rounds, json, ...times } = readArguments();
  const began = performance.now();
  const cores = chooseCores(say);
  const found = findKinds();
  const load = await Load.start(cores?.load);
  const pairs = countPairs(load.files);
  const kinds = found.map(({ kind }) => kind);
  const proxies = [];
  for (const kind of kinds) proxies.push(await startProxy(kind, [load.ports.bulk, ...load.ports.echo], cores));
  const mux = await startMux(load, cores);
  const monitored = await startMonitored(load, cores);
  const tunnel = await startTunnel(load, cores);
  const samples = await runRounds(
    { load, kinds, proxies, mux, monitored, tunnel, cores, rounds, ...times, pairs },
    say,
  );
  const versions = Object.fromEntries(found.map(({ kind, version }) => [kind.name, version]));
  const names = kinds.map(({ name }) => name);
  const here = machine();
  const { count, disturbed } = samples;
  if (json) {
    const settings = { rounds, ...times, pairs, cores };
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
      `Other processes disturbed ${disturbed} of ${count} measurements. The medians leave them out. A value marked ~ comes from disturbed measurements only\n`,
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

// Takes the pictures of the page that stand in docs/. With --all every view in all widths and colours, into build/screenshots;
// --only=overview,log does some of them, --well shows a house in which nothing is wrong.
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { longer } from "./hour.mjs";
import { openHouse, PORTS } from "./scene.mjs";
import { stamp } from "./stamp.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8"));
const all = process.argv.includes("--all");
const only = process.argv
  .find((argument) => argument.startsWith("--only="))
  ?.slice(7)
  .split(",");
const folder = all ? `${ROOT}build/screenshots` : `${ROOT}docs/images`;
const VIEWS = {
  overview: "#/",
  inverter: `#/line/${PORTS.inverter}`,
  pump: `#/line/${PORTS.heatpump}`,
  bus: `#/line/${PORTS.bus}`,
  heating: `#/line/${PORTS.heating}`,
  cabin: `#/line/${PORTS.cabin}`,
  connections: "#/connections",
  connection: undefined,
  log: "#/log",
  messages: "#/log/messages",
  search: "#/search/cabin",
};
const SIZES = { 1280: { width: 1280, height: all ? 900 : 950 }, 390: { width: 390, height: 844 } };

mkdirSync(folder, { recursive: true });
const withProblems = !process.argv.includes("--well");
const house = await openHouse({ withProblems, withMore: withProblems && all });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});

const DAY_MS = 86_400_000;
/** How long ago each thing has gone wrong, in pictures. */
const AGES_MS = [7, 26, 190, 55, 12].map((minutes) => minutes * 60_000);

/** The same moment, earlier, in the time zone that it has. */
function earlier(iso, ms) {
  const [, zone = "Z"] = /([+-]\d\d:\d\d|Z)$/.exec(iso) ?? [];
  const offset =
    zone === "Z" ? 0 : Number(`${zone[0]}1`) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4))) * 60_000;
  return new Date(Date.parse(iso) - ms + offset).toISOString().replace("Z", zone);
}

/** Shows addresses of a house where the loopback has them, and days and an hour where there is a minute. */
async function disguise(page) {
  await page.route(/\/status$/, async (route) => {
    const response = await route.fetch();
    const status = JSON.parse((await response.text()).replaceAll("127.0.1.", "192.168.1."));
    const problems = status.problems.map((problem, at) => ({
      ...problem,
      since: earlier(problem.since, AGES_MS[at] ?? 0),
    }));
    const { startedAt, uptimeMs } = status;
    const age = { startedAt: earlier(startedAt, 3.2 * DAY_MS), uptimeMs: uptimeMs + 3.2 * DAY_MS };
    await route.fulfill({ response, json: { ...status, ...age, problems } });
  });
  await page.route(/\/history(?:\?|$)/, async (route) => {
    const response = await route.fetch({ url: `${house.url}history` });
    await route.fulfill({ response, json: longer(await response.json()) });
  });
}

async function shoot(name, view, width, scheme, fullPage) {
  const page = await browser.newPage({
    viewport: SIZES[width],
    colorScheme: scheme,
    deviceScaleFactor: all || width === 1280 ? 1 : 1.5,
  });
  page.on("console", (message) => console.log(`${name}: ${message.text()}`));
  page.on("pageerror", (error) => console.log(`${name}: ${error}`));
  await disguise(page);
  await page.goto(house.url);
  await page.waitForSelector("main:not([aria-busy]) h1");
  const connections = await page.evaluate(async () => (await (await fetch("status")).json()).connections);
  const plugin = connections.find(({ notify }) => notify?.target.startsWith("123/"));
  const hash = view ?? `#/connection/${plugin?.id}`;
  await page.evaluate((place) => location.assign(place), hash);
  await page.waitForTimeout(all ? 2500 : 3000);
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage });
  if (!all) stamp(`${folder}/${name}.png`, version);
  await page.close();
}

try {
  await new Promise((resolve) => setTimeout(resolve, 32_000)); // three steps of history, and until the silent device is known to be silent
  if (all) {
    for (const [name, view] of Object.entries(VIEWS)) {
      if (only !== undefined && !only.includes(name)) continue;
      for (const width of [1280, 390]) {
        for (const scheme of ["light", "dark"]) await shoot(`${name}-${width}-${scheme}`, view, width, scheme, true);
      }
    }
  } else {
    await shoot("overview-light", VIEWS.overview, 1280, "light", false);
    await shoot("overview-dark", VIEWS.overview, 390, "dark", false);
  }
} finally {
  await browser.close();
  await house.close();
}

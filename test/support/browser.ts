import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { type Browser, chromium, type Page } from "playwright-core";
import { PATIENCE_MS } from "./wait.js";

// biome-ignore lint/suspicious/noExplicitAny: what runs in the browser is not of this program, whose types are those of Node.js
declare const document: any, location: any;

/** Debian's browser. Another one: `CHROMIUM=path`. */
export const CHROMIUM = process.env["CHROMIUM"] ?? "chromium";

/** Starts the browser; it has no window, and downloads nothing. */
export function startBrowser(): Promise<Browser> {
  const executablePath = CHROMIUM.includes("/") ? CHROMIUM : `/usr/bin/${CHROMIUM}`;
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"], timeout: PATIENCE_MS });
}

/** A page of the dashboard, and what its console says of faults; violations of the Content-Security-Policy are among them. */
export interface Dashboard {
  readonly page: Page;
  readonly faults: string[];
  /** Goes to a view by its fragment. */
  go(hash: string): Promise<void>;
}

/**
 * Opens the page of a daemon, and waits until it shows the status.
 *
 * @param prepare what is done before, such as answers in place of the daemon's
 */
export async function openDashboard(
  t: TestContext,
  browser: Browser,
  url: string,
  { width = 1280, dark = false, prepare = async (_page: Page): Promise<void> => {} } = {},
): Promise<Dashboard> {
  const context = await browser.newContext({ viewport: { width, height: 844 }, colorScheme: dark ? "dark" : "light" });
  t.after(() => context.close());
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(String(error)));
  await prepare(page);
  await page.goto(url);
  await page.waitForSelector("main:not([aria-busy]) h1");
  const go = async (hash: string): Promise<void> => {
    await page.evaluate((place) => location.assign(place), hash);
    await page.waitForFunction((place) => location.hash === place && document.querySelector("main h1") !== null, hash);
  };
  return { page, faults, go };
}

/**
 * A reverse proxy, which has the daemon's page below a path, as the ingress of Home Assistant has.
 *
 * @returns the URL of the page behind it
 */
export async function behindPrefix(t: TestContext, port: number, prefix: string): Promise<string> {
  const server = createServer((asked, response) => {
    const { method, url = "", headers } = asked;
    if (!url.startsWith(prefix)) {
      response.writeHead(404).end();
      return;
    }
    const onward = request(
      { host: "127.0.0.1", port, method, path: url.slice(prefix.length - 1), headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    asked.pipe(onward);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`;
}

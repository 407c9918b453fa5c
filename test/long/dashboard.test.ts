// The page in Debian's browser.
import assert from "node:assert/strict";
import { after, before, suite, type TestContext, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { behindPrefix, CHROMIUM, type Dashboard, openDashboard, startBrowser } from "../support/browser.js";
import { ConfigFile } from "../support/config.js";
import type { RunningDaemon } from "../support/daemon.js";
import { freePort } from "../support/free-port.js";
import { startHere } from "../support/in-process.js";
import { Client, Device, relayed } from "../support/net.js";
import { missing } from "../support/peers.js";
import { until } from "../support/wait.js";
import { startWeb } from "../support/web.js";

const skip = missing(CHROMIUM);
let browser: Browser;
before(async () => {
  if (skip === false) browser = await startBrowser();
});
after(() => browser?.close());

// biome-ignore lint/suspicious/noExplicitAny: what runs in the browser is not of this program, whose types are those of Node.js
type Any = any;
declare const document: Any,
  getSelection: Any,
  innerHeight: number,
  scrollY: number,
  getComputedStyle: Any,
  NodeFilter: Any;

const EVIL = "<img src=x onerror=alert(1)>\u202e\x1b[31m".repeat(300);

/** A daemon with a line of each kind, some of them down. */
async function house(t: TestContext) {
  const [mux, direct, tunnel, exposed] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const device = await Device.open();
  t.after(() => device.close());
  const started = await startWeb(
    t,
    `[mux inverter]
listen=127.0.0.1:${mux}
target=127.0.0.1:1
protocol=modbus
[direct bus]
listen=127.0.0.1:${direct}
target=127.0.0.1:${device.port}
[tunnel cabin]
listen=127.0.0.1:${tunnel}
expose=127.0.0.1:${exposed} > 127.0.0.1:80
`,
  );
  return { ...started, device, url: `http://127.0.0.1:${started.web}/`, mux, direct };
}

/** A connection through the proxy; the end of the test closes it. */
async function connected(t: TestContext, { daemon, device }: { daemon: RunningDaemon; device: Device }, options = "") {
  const session = await relayed(daemon.port, device, options);
  t.after(() => session.client.destroy());
  return session;
}

/** Answers for the daemon with its status, changed. */
async function changeStatus(page: Page, change: (status: Record<string, unknown>) => object): Promise<void> {
  await page.route(/\/status$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: change(await response.json()) });
  });
}

/** What a finger hits badly: controls lower or narrower than 40 pixels. A link counts with what leads there beside it, one in a line of text does not. */
const smallTargets = (): string[] =>
  [...document.querySelectorAll("main a[href], header a, button, input, select, summary")]
    .filter((each) => each.checkVisibility() && each.closest("dialog, .lines, p:not(.path)") === null)
    .filter((each) => {
      const places = [each.getBoundingClientRect()];
      if (getComputedStyle(each, "::after").position === "absolute")
        places.push(each.closest("li, tr").getBoundingClientRect());
      return places.every(({ width, height }) => width < 40 || height < 40);
    })
    .map((each) => each.outerHTML.slice(0, 100));

/** Whether the reader sees an element, without scrolling. */
const isInSight = (element: Any): boolean => {
  const { top, bottom } = element.getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
};

/** All views of a house that has such a connection. */
const viewsOf = (line: number, connection: string): string[] => [
  "#/",
  "#/connections",
  `#/line/${line}`,
  `#/connection/${connection}`,
  "#/search/1",
  "#/log",
  "#/log/messages",
];

/** Side by side: they wait for the page most of the time. */
suite("the page", { concurrency: 3, skip }, () => {
  test("a counter moves where it stands: focus, selection and the elements stay", async (t) => {
    const at = await house(t);
    const { url } = at;
    const session = await connected(t, at);
    const { page, faults, go } = await openDashboard(t, browser, url);
    await go("#/connections");
    await page.focus('button[data-subject="received"]');
    const cell = page.locator("tbody td[data-head=Received]");
    await page.evaluate(() => {
      const row = document.querySelector("tbody tr");
      row?.setAttribute("data-test", "same");
      getSelection()?.selectAllChildren(row?.querySelector("a"));
    });
    assert.equal(await cell.textContent(), "0 B");
    session.remote.write("x".repeat(123));
    await page.waitForFunction(() => document.querySelector("tbody td[data-head=Received]")?.textContent === "123 B");
    const kept = await page.evaluate(() => ({
      focus: document.activeElement.dataset["subject"],
      row: document.querySelector("tbody tr")?.getAttribute("data-test"),
      selected: String(getSelection()),
    }));
    assert.equal(kept.focus, "received");
    assert.equal(kept.row, "same");
    assert.match(kept.selected, /^127\.0\.0\.1:\d+$/);
    assert.deepEqual(faults, []);
  });

  test("a hostile pid is a text, in the list and in its own view; messages are, too", async (t) => {
    const at = await house(t);
    const { url } = at;
    const session = await connected(t, at, "NTFY=1/a/b/<b>pid<script>alert(1) MONI=line");
    const { page, faults, go } = await openDashboard(t, browser, url);
    await go("#/connections");
    await page.getByText("<b>pid<script>alert(1)").first().waitFor();
    await page.locator("tbody a").click();
    await page.getByText("<b>pid<script>alert(1)").first().waitFor();
    session.remote.write("<img src=x onerror=alert(1)>\u202e\x1b[31m\n");
    await page.locator(".lines").getByText("<img src=x onerror=alert(1)>").first().waitFor();
    assert.equal(await page.locator("main b, main script, main img").count(), 0);
    assert.deepEqual(faults, []);
  });

  test("close connection asks first, and closes it; the view says that it has ended", async (t) => {
    const at = await house(t);
    const { url } = at;
    const session = await connected(t, at);
    const { page, faults, go } = await openDashboard(t, browser, url);
    await go(`#/connection/${session.pid}`);
    const close = page.getByRole("button", { name: "Close connection" }).first();
    await close.click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    assert.equal(session.client.closed, false);
    await close.click();
    await page.getByRole("dialog").getByRole("button", { name: "Close connection" }).click();
    await until(() => session.client.closed || session.client.ended, "the connection to be closed");
    await page.getByText("has ended", { exact: true }).waitFor();
    assert.ok(await close.isDisabled());
    await page.locator("#outcome.good").waitFor();
    assert.deepEqual(faults, []);
  });

  test("debug is switched, and the configuration read again, each with a word on what came of it", {
    skip,
  }, async (t) => {
    const at = await house(t);
    const { url, config, web } = at;
    const { page } = await openDashboard(t, browser, url);
    await page.getByRole("button", { name: "Debug on" }).click();
    await page.getByRole("button", { name: "Debug off", pressed: true }).waitFor();
    config.write(`[web]\nport=${web}\n[host]\nport=${at.daemon.port}\nnothing=1\n`);
    await page.getByRole("button", { name: "Reload configuration" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Reload" }).click();
    await page.locator("#outcome.wrong").getByText("nothing").waitFor();
  });

  test("no view scrolls sideways on a phone, whatever the values", async (t) => {
    const at = await house(t);
    const { url, mux } = at;
    const session = await connected(t, at, "NTFY=1/a/b/pid");
    session.remote.write(`${"<img src=x onerror=alert(1)>".repeat(200)}\n`);
    const hostile = (value: unknown, key = ""): unknown => {
      if (Array.isArray(value)) return value.map((each) => hostile(each, key));
      if (typeof value === "object" && value !== null) {
        return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, hostile(each, name)]));
      }
      return typeof value === "string" &&
        !["id", "startedAt", "kind", "phase", "state", "mode", "severity"].includes(key)
        ? EVIL
        : value;
    };
    const values: ((page: Page) => Promise<void>)[] = [
      async () => {},
      (page) => changeStatus(page, (status) => hostile(status) as object),
    ];
    for (const prepare of values) {
      const { page, faults, go } = await openDashboard(t, browser, url, { width: 390, prepare });
      for (const view of viewsOf(mux, session.pid)) {
        await go(view);
        const widths = await page.evaluate(() => [document.documentElement.scrollWidth, document.body.scrollWidth]);
        assert.deepEqual(widths, [390, 390], view);
        assert.deepEqual(await page.evaluate(smallTargets), [], view);
      }
      assert.deepEqual(faults, []);
    }
  });

  /** Goes once round a page by the Tab key. @returns what had the focus, and what of it did not show that */
  async function tabThrough(page: Page, controls: number): Promise<{ reached: string[]; unseen: string[] }> {
    await page.evaluate(() => {
      document.seen = { reached: [], unseen: [] };
      document.onfocusin ??= ({ target }: Any) => {
        const { outlineStyle, outlineWidth } = getComputedStyle(target);
        const name = target.getAttribute("data-tab") ?? target.outerHTML.slice(0, 80);
        document.seen.reached.push(name);
        if (outlineStyle === "none" || outlineWidth === "0px") document.seen.unseen.push(name);
      };
      document.addEventListener("focusin", document.onfocusin);
    });
    for (let count = 0; count < controls + 2; count += 1) await page.keyboard.press("Tab"); // the end of the page takes one
    return page.evaluate(() => document.seen);
  }

  test("the keyboard reaches every control of every view, each shows that it has the focus, and none keeps it", {
    skip,
  }, async (t) => {
    const at = await house(t);
    const { url, mux } = at;
    const session = await connected(t, at, "NTFY=1/a/b/pid");
    const { page, faults, go } = await openDashboard(t, browser, url);
    for (const view of viewsOf(mux, session.pid)) {
      await go(view);
      const wanted = await page.evaluate(() => {
        const controls = [...document.querySelectorAll("a[href], button:not(:disabled), input, select, .lines")];
        const visible = controls.filter(
          (control) =>
            control.checkVisibility() && control.closest("dialog") === null && control.closest(".lines > *") === null,
        );
        return visible.map((control, index) => {
          control.setAttribute("data-tab", `${index} ${control.textContent}`.slice(0, 40));
          return control.getAttribute("data-tab");
        });
      });
      const { reached, unseen } = await tabThrough(page, wanted.length);
      assert.deepEqual(
        wanted.filter((name) => name === null || !reached.includes(name)),
        [],
        view,
      );
      assert.deepEqual(unseen, [], view);
    }
    await page.keyboard.press("Tab");
    await page.locator("#skip").focus();
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
    assert.deepEqual(faults, []);
  });

  /** The texts of a page whose contrast to what is behind them is less than 4.5 (WCAG 2.2, 1.4.3). */
  function faintTexts(page: Page): Promise<string[]> {
    return page.evaluate(() => {
      const channels = (color: string): number[] => (color.match(/[\d.]+/g) ?? []).map(Number);
      const luminance = (color: readonly number[]): number => {
        const [red = 0, green = 0, blue = 0] = color.map((each) =>
          each / 255 <= 0.03928 ? each / 255 / 12.92 : ((each / 255 + 0.055) / 1.055) ** 2.4,
        );
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      };
      const ground = (element: Any): number[] => {
        if (element === null) return [255, 255, 255];
        const [red = 0, green = 0, blue = 0, alpha = 1] = channels(getComputedStyle(element).backgroundColor);
        return alpha === 0 ? ground(element.parentElement) : [red, green, blue];
      };
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const faint: string[] = [];
      for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
        const element = node.parentElement;
        if (
          element === null ||
          node.nodeValue?.trim() === "" ||
          !element.checkVisibility() ||
          element.matches(".unseen, script, noscript *")
        )
          continue;
        const lights = [
          luminance(channels(getComputedStyle(element).color).slice(0, 3)),
          luminance(ground(element)),
        ].sort((one, other) => other - one);
        const contrast = ((lights[0] ?? 0) + 0.05) / ((lights[1] ?? 0) + 0.05);
        if (contrast < 4.5) faint.push(`${contrast.toFixed(2)}: ${node.nodeValue}`);
      }
      return faint;
    });
  }

  test("every text is readable, in the light and in the dark; the switch chooses", async (t) => {
    const at = await house(t);
    const { url, mux } = at;
    const session = await connected(t, at, "NTFY=1/a/b/pid");
    session.remote.write("hello\n");
    const asked = await Client.open(mux);
    t.after(() => asked.destroy());
    asked.write(Buffer.from([0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1]));
    await asked.take(9);
    const grounds: string[] = [];
    for (const dark of [false, true]) {
      const { page, go } = await openDashboard(t, browser, url, { dark });
      await page.locator(".problems").waitFor();
      for (const view of viewsOf(mux, session.pid)) {
        await go(view);
        assert.deepEqual(await faintTexts(page), [], `${view}, ${dark ? "dark" : "light"}`);
      }
      grounds.push(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor));
      await page.selectOption("#theme", dark ? "light" : "dark");
      grounds.push(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor));
      await page.reload();
      grounds.push(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor));
    }
    const [light, darkGround] = grounds;
    assert.notEqual(light, darkGround);
    assert.deepEqual(grounds, [light, darkGround, darkGround, darkGround, light, light]);
  });

  test("behind a path prefix all of it works: the status, live lines, and the buttons", async (t) => {
    const at = await house(t);
    const { url, web } = at;
    const session = await connected(t, at, "MONI=line");
    const place = await behindPrefix(t, web, "/api/hassio_ingress/a1b2/");
    assert.notEqual(place, url);
    const { page, faults, go } = await openDashboard(t, browser, place);
    await go(`#/connection/${session.pid}`);
    session.remote.write("good morning\n");
    await page.locator(".lines").getByText("good morning").first().waitFor();
    await page.getByRole("button", { name: "Close connection" }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Close connection" }).click();
    await until(() => session.client.closed || session.client.ended, "the connection to be closed");
    assert.ok(page.url().startsWith(`${place}#/`));
    assert.deepEqual(faults, []);
  });

  test("a daemon that is gone is said to be gone, and comes back by itself", async (t) => {
    const [port, web] = [await freePort(), await freePort()];
    const config = new ConfigFile(`[host]\nport=${port}\n[web]\nport=${web}\n`);
    const first = await startHere("-c", config.path);
    const { page } = await openDashboard(t, browser, `http://127.0.0.1:${web}/`);
    assert.equal(await page.locator("#alarm").isVisible(), false, "nothing is wrong");
    await page.evaluate(() => document.body.setAttribute("data-test", "same"));
    await first.stop();
    await page
      .locator("#silence")
      .getByText(/No answer from the daemon since \d\d:\d\d:\d\d/)
      .waitFor();
    const second = await startHere("-c", config.path);
    t.after(() => second.discard());
    await page.locator("#silence").waitFor({ state: "hidden" });
    assert.equal(await page.evaluate(() => document.body.getAttribute("data-test")), "same", "without a reload");
  });

  test("an update moves elements, and makes none twice; what could run a script is refused", async (t) => {
    const { url } = await house(t);
    const { page } = await openDashboard(t, browser, url);
    const outcome = await page.evaluate(async () => {
      const { h, render } = await import(new URL("tree.js", document.baseURI).href);
      const list = (...keys: string[]): void =>
        render(
          root,
          h(
            "ul",
            {},
            keys.map((key) => h("li", { key }, key)),
          ),
        );
      const root = document.createElement("div");
      list("a", "b", "c");
      const [, b] = root.querySelectorAll("li");
      list("b", "new", "b");
      const texts = [...root.querySelectorAll("li")].map(({ textContent }) => textContent).join();
      const isSame = root.querySelector("li") === b;
      const refused = [{ onclick: "x" }, { style: "x" }, { src: "x" }, { href: "javascript:x" }, { href: "//x" }].map(
        (attributes) => {
          try {
            render(root, h("a", attributes));
            return "taken";
          } catch {
            return "refused";
          }
        },
      );
      return { texts, isSame, refused };
    });
    assert.deepEqual(outcome, { texts: "b,new,b", isSame: true, refused: new Array(5).fill("refused") });
  });

  test("of a thousand connections a hundred are drawn, and the search finds each", async (t) => {
    const at = await house(t);
    const { url } = at;
    await connected(t, at);
    const many = (status: Record<string, unknown>): object => {
      const [one = {}] = status["connections"] as object[];
      return {
        ...status,
        connections: Array.from({ length: 1000 }, (_, index) => ({
          ...one,
          id: `id${index}`,
          clientPort: 10_000 + index,
        })),
      };
    };
    const prepare = async (each: Page): Promise<void> => {
      await changeStatus(each, many);
      await each.route(/\/messages/, (route) => route.fulfill({ contentType: "text/event-stream", body: "" })); // the daemon has no such connections
    };
    const { page, faults, go } = await openDashboard(t, browser, url, { prepare });
    await go("#/connections");
    assert.equal(await page.locator("tbody tr").count(), 100);
    await page.getByRole("button", { name: "Show 100 more" }).click();
    assert.equal(await page.locator("tbody tr").count(), 200);
    await page.locator('a[href="#/connection/id150"]').click();
    await page.locator("h1").getByText("127.0.0.1:10150").waitFor();
    assert.equal(await page.evaluate(() => scrollY), 0);
    await page.goBack();
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 200);
    assert.ok(
      await page.locator('a[href="#/connection/id150"]').evaluate(isInSight),
      "the way back leads to the same rows",
    );
    await page.locator("#search").fill("id987");
    await page.locator("tbody tr").getByText("127.0.0.1:10987").waitFor();
    assert.equal(await page.locator("tbody tr").count(), 1);
    assert.equal(await page.evaluate(() => document.activeElement?.id), "search");
    await page.goBack();
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 200);
    assert.equal(await page.locator("#search").inputValue(), "");
    await page.goForward();
    await page.locator("tbody tr").getByText("127.0.0.1:10987").waitFor();
    assert.equal(await page.locator("#search").inputValue(), "id987");
    assert.deepEqual(faults, []);
  });

  test("a screen reader finds landmarks, headings and names, and hears of problems when they come", {
    skip,
  }, async (t) => {
    const at = await house(t);
    const { url, mux } = at;
    const session = await connected(t, at);
    const { page, go }: Dashboard = await openDashboard(t, browser, url);
    const announced = page.locator("#announcement[role=status]");
    await page.waitForFunction(() => document.getElementById("announcement")?.textContent !== "");
    const said = await announced.textContent();
    const asked = await Client.open(mux);
    t.after(() => asked.destroy());
    asked.write(Buffer.from([0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1]));
    await announced.getByText("inverter cannot be reached").waitFor();
    assert.doesNotMatch(String(said), /inverter/);
    assert.equal(await page.locator("#alarm").textContent(), "2 problems");
    for (const view of viewsOf(mux, session.pid)) {
      await go(view);
      const lacking = await page.evaluate(() => {
        const named = (each: Any): boolean =>
          (each.getAttribute("aria-label") ?? each.textContent ?? "").trim() !== "" || each.labels?.length === 1;
        const unnamed = [...document.querySelectorAll("a, button, input, select, svg, table, th, [role=log]")].filter(
          (each) => each.checkVisibility() && !named(each) && each.closest("dialog") === null,
        );
        const counts = ["header", "main", "nav[aria-label]", "h1"].filter(
          (wanted) => document.querySelectorAll(wanted).length === 0,
        );
        return [...unnamed.map((each) => each.outerHTML.slice(0, 200)), ...counts];
      });
      assert.deepEqual(lacking, [], view);
      assert.equal(await page.locator("h1").count(), 1, view);
    }
  });
});

/** Every page, light and dark, wide and narrow: it loads, nothing of it is out of reach, and assistive technology can read it. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { LONG } from "./alerts.mjs";
import { assert, base, eventually, screenshot } from "./browser.mjs";
import { check, Workbench } from "./steps.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WIDTHS = [1440, 900];
const HEIGHT = 900;

/** Violations of WCAG 2.1 A and AA that keep somebody from using the page, as sentences. */
async function violations(page) {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations: found } = await globalThis.axe.run(document, {
      runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] },
      resultTypes: ["violations"],
    });
    return found
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, impact, nodes }) => `${id} (${impact}): ${nodes.slice(0, 4).map(({ html, any }) => `${html.slice(0, 160)} ${any[0]?.message ?? ""}`).join(" | ")}`);
  });
}

/** What sticks out of the window, or of a box that cuts it off without a way to scroll to it. */
function outOfReach(page) {
  return page.evaluate(() => {
    const found = [];
    if (document.documentElement.scrollWidth > innerWidth) found.push(`the page is ${document.documentElement.scrollWidth} px wide`);
    /** A box around it scrolls, or cuts off on purpose with an ellipsis. */
    const contained = (element) => {
      for (let at = element; at && at.localName !== "main" && at !== document.body; at = at.parentElement) {
        if (getComputedStyle(at).overflowX !== "visible" && !at.matches(".incident")) return true;
      }
      return false;
    };
    for (const element of document.querySelectorAll("button, a[href], input, select, textarea, h1, p, dd, dt, bdi, time, .figure-value")) {
      if (element.closest(".monaco-editor, .skip") || contained(element)) continue;
      const box = element.getBoundingClientRect();
      if (box.width > 0 && (box.right > innerWidth + 1 || box.left < -1)) found.push(`${element.outerHTML.slice(0, 100)} ends at ${Math.round(box.right)} of ${innerWidth}`);
    }
    return found.slice(0, 5);
  });
}

async function look(page, name, theme) {
  await check(`${name} can be read by everybody (${theme})`, async () => {
    const found = await violations(page);
    assert(found.length === 0, found.join("\n      "));
  });
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: HEIGHT });
    await check(`${name} fits ${width} px (${theme})`, async () => {
      const found = await outOfReach(page);
      assert(found.length === 0, found.join("; "));
    });
    await screenshot(page, `${name}-${theme}-${width}`);
  }
  await page.setViewportSize({ width: WIDTHS[0], height: HEIGHT });
}

const loaded = (page) => eventually(async () => (await page.locator("main .spinner").count()) === 0, "it loads for ever");

/** Each view of the workbench by name, and how to get there. `top` and `long` are numbers of incidents. */
function views(workbench, { top, long }) {
  const { page } = workbench;
  const at = (path) => async () => {
    await page.goto(`${base}${path}`);
    await page.locator("main h1").waitFor();
    await loaded(page);
  };
  const tab = (number, key, wait) => async () => {
    await workbench.openIncident(number);
    await page.keyboard.press(key);
    await page.locator(wait).first().waitFor();
    await loaded(page);
  };
  const dialog = (key) => async () => {
    await workbench.openIncident(long);
    await page.keyboard.press(key);
    await page.getByRole("dialog").waitFor();
  };
  const run = (query, wait) => async () => {
    await page.goto(`${base}/console`);
    await page.locator(".monaco-editor .view-line").first().waitFor();
    await workbench.setQuery(query);
    await page.getByLabel("Time range").selectOption("query");
    await page.getByTestId("run").click();
    await page.locator(wait).first().waitFor();
  };
  return [
    ["queue", () => workbench.openQueue()],
    ["queue-empty", async () => {
      await workbench.openQueue();
      await page.getByLabel("Search incidents").fill("nothing has this title");
      await page.getByText("No incident matches").waitFor();
    }],
    ["incident", tab(top, "1", ".timeline")],
    ["incident-long", async () => {
      await workbench.openIncident(long);
      await page.locator(".timeline-head").first().click();
      await page.locator(".alert-detail").waitFor();
      await page.locator(".entity").first().click();
    }],
    ["evidence", tab(top, "2", ".evidence .grid-row")],
    ["scope", tab(top, "3", ".evidence .grid-row")],
    ["activity", tab(top, "4", ".activity")],
    ["close", dialog("x")],
    ["assign", dialog("o")],
    ["shortcuts", dialog("?")],
    ["no-such-incident", async () => {
      await page.goto(`${base}/incidents/987654`);
      await page.getByText("There is no such incident").waitFor();
    }],
    ["console", run("SecurityEvent | take 50", ".results .grid-row")],
    ["console-mistake", run("SecurityEvent | where NoSuchColumn == 1", ".diagnostics li")],
    ["rules", at("/rules")],
    ["sources", at("/sources")],
    ["figures", at("/figures")],
    ["settings", at("/settings")],
    ["no-such-page", async () => {
      await page.goto(`${base}/no/such/page`);
      await page.getByText("There is no such page").waitFor();
    }],
  ];
}

export async function everyPage(workbench, top) {
  const { page } = workbench;
  const numbers = { top, long: await workbench.find(LONG) };
  for (const theme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme: theme });
    for (const [name, go] of views(workbench, numbers)) {
      if (await check(`${name} loads (${theme})`, go)) await look(page, name, theme);
      if (theme === "dark") await workbench.noLiveMarkup(name);
    }
  }
  await check("every time in the queue and on an incident names its zone", async () => {
    await workbench.openIncident(top);
    const times = await page.locator("time").allInnerTexts();
    const bare = times.filter((text) => !/UTC/.test(text));
    assert(times.length > 0 && bare.length === 0, `${times.length} times, bare: ${bare.join(", ")}`);
  });
  await check("the zone switch names the local zone, everywhere at once", async () => {
    await page.locator(".zone-clock").click();
    const shown = [await page.locator(".zone-clock").innerText(), await page.locator("time").first().innerText()];
    assert(shown.every((text) => /UTC-\d:30/.test(text)), shown.join(", "));
    await page.locator(".zone-clock").click();
  });
  await check("an unknown address is no dead end", async () => {
    await page.goto(`${base}/no/such/page`);
    await page.getByRole("link", { name: "Go to the queue" }).click();
    await page.getByTestId("incident-row").first().waitFor();
  });
}

/** Nobody is signed in. */
export async function signInPage(browser) {
  const { page } = await Workbench.open(browser);
  for (const theme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme: theme });
    await page.goto(`${base}/incidents/1`);
    await page.locator("input[name=password]").waitFor();
    await look(page, "sign-in", theme);
  }
  await page.context().close();
}

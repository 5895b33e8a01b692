/** What every browser test needs: Chromium, a page that reports its own errors, checks that count, screenshots. */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { chromium } from "playwright-core";

const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const base = (process.env.WATCHFLOOR_URL ?? "http://127.0.0.1:8080").replace(/\/$/, "");

/** A zone that is never UTC and has half an hour in it: a time without its zone would show. */
const ZONE = "America/St_Johns";

/** Script errors and policy violations of every page that was opened. */
export const problems = [];

export const openBrowser = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: ARGUMENTS });

/** A page in a context of its own, as another person's browser would be. */
export async function openPage(browser) {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    colorScheme: "dark",
    timezoneId: ZONE,
    // The server's certificate authority is its own.
    ignoreHTTPSErrors: true,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (error) => problems.push(`script error: ${error.message}`));
  page.on("console", (message) => {
    if (/content security policy/i.test(message.text())) problems.push(`policy violation: ${message.text()}`);
  });
  return page;
}

export async function screenshot(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
}

/** Counts checks. `check` goes on after a failure; `need` ends the run, as what follows would only fail for the same reason. */
export function counter() {
  const counts = { passed: 0, failed: 0 };
  async function check(name, test) {
    try {
      await test();
      counts.passed += 1;
      console.log(`ok    ${name}`);
      return true;
    } catch (error) {
      counts.failed += 1;
      console.log(`FAIL  ${name}\n      ${String(error?.message ?? error).split("\n").slice(0, 6).join("\n      ")}`);
      return false;
    }
  }
  async function need(name, test) {
    if (!(await check(name, test))) throw new Stop(name);
  }
  return { counts, check, need };
}

export class Stop extends Error {}

export function assert(condition, message) {
  if (!condition) throw new Error(message);
}

/** Repeats a test of the page until it holds. */
export async function eventually(test, message, timeoutMs = 20_000) {
  const end = Date.now() + timeoutMs;
  let last;
  for (;;) {
    last = await test().catch((error) => error);
    if (last === true) return;
    if (Date.now() > end) throw new Error(`${message} (last: ${last instanceof Error ? last.message : JSON.stringify(last)})`);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

/**
 * Everything on the page that could only be there if text of a log had become markup, as sentences. The workbench itself
 * has one picture, scripts under /assets, links to itself, and no inline handler.
 */
export function liveMarkup(page) {
  return page.evaluate(() => {
    const found = [];
    for (const image of document.querySelectorAll("img")) {
      if (new URL(image.src, location.href).pathname !== "/favicon.svg") found.push(`picture ${image.outerHTML.slice(0, 120)}`);
    }
    for (const script of document.querySelectorAll("script")) {
      const source = script.src ? new URL(script.src) : null;
      if (!source || source.origin !== location.origin || !source.pathname.startsWith("/assets/")) found.push(`script ${script.outerHTML.slice(0, 120)}`);
    }
    for (const link of document.querySelectorAll("a[href]")) {
      if (new URL(link.href, location.href).origin !== location.origin) found.push(`link to ${link.href}`);
    }
    for (const element of document.querySelectorAll("iframe, object, embed, base, form[action], svg a, meta[http-equiv]")) {
      found.push(`element ${element.outerHTML.slice(0, 120)}`);
    }
    const ours = new Set(
      ("html head meta title link style script body div span header main nav section article aside footer h1 h2 h3 h4 p ul ol li dl dt dd " +
        "a b i small strong code kbd pre bdi time img button input select option textarea label form fieldset legend details summary " +
        "dialog figure figcaption table thead tbody tfoot tr th td svg path g rect text tspan defs clipPath canvas").split(" "),
    );
    for (const element of document.querySelectorAll("*")) {
      if (!ours.has(element.localName) && !element.closest(".monaco-editor, .monaco-aria-container")) found.push(`element <${element.localName}>`);
      for (const attribute of element.attributes) {
        if (/^on/i.test(attribute.name)) found.push(`handler ${attribute.name} on ${element.tagName}`);
      }
    }
    // Text outside the editor, which marks such characters by its own means.
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const { data, parentElement } = walker.currentNode;
      if (parentElement?.closest(".monaco-editor, style, script")) continue;
      // eslint-disable-next-line no-control-regex
      if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(data)) {
        found.push(`misleading character in ${JSON.stringify(data.slice(0, 80))}`);
      }
    }
    if (globalThis.__pwned !== undefined) found.push("a script of a log ran");
    return found;
  });
}

/**
 * The spine, end to end in a real browser against a real server: sign in, find the top incident, acknowledge, contain,
 * remediate, close as true positive, see TTA and TTR move; close a second one as false positive, see TTR stay. Then what
 * is around it: other people, the keyboard alone, the console, every page in both themes.
 *
 * Environment: WATCHFLOOR_URL, WATCHFLOOR_PASSWORD (and WATCHFLOOR_USER, `admin`), CHROMIUM, SCREENSHOTS (a folder). The
 * server has the sample intrusion and the alerts of `alerts.mjs`.
 */
import { HOSTILE_TEXTS, SCRIPT } from "./alerts.mjs";
import { assert, base, eventually, openBrowser, problems, screenshot, Stop } from "./browser.mjs";
import { alertsAndQuery, consolePage } from "./console.mjs";
import { everyPage, signInPage } from "./pages.mjs";
import { keyboardOnly, reader, sessions, signOut } from "./people.mjs";
import { check, counts, need, password, user, Workbench } from "./steps.mjs";

if (!password) {
  console.error("set WATCHFLOOR_PASSWORD to the password of the admin user");
  process.exit(2);
}

const browser = await openBrowser();
const workbench = await Workbench.open(browser);
const { page } = workbench;

async function signIn() {
  await need("the page comes with a strict content security policy", async () => {
    const response = await page.goto(`${base}/`);
    const policy = response?.headers()["content-security-policy"] ?? "";
    const scripts = /script-src ([^;]*)/.exec(policy)?.[1] ?? "";
    assert(scripts.trim() === "'self'", `script-src is ${JSON.stringify(scripts)} in ${JSON.stringify(policy)}`);
    assert(/frame-ancestors 'none'/.test(policy), "the page may be framed");
  });
  await page.locator("input[name=name]").waitFor();
  await check("a wrong password is refused in words", async () => {
    await page.fill("input[name=name]", user);
    await page.fill("input[name=password]", `${password}-wrong`);
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    assert((await page.getByRole("alert").innerText()).includes("don't match"), "the message does not say so");
  });
  await need("the right one signs in", async () => {
    await workbench.signIn(user, password);
    await workbench.stripLoaded();
  });
  await check("live updates connect", () => eventually(async () => (await page.locator(".live").innerText()) === "Live", "not live"));
}

/** The number of the incident at the top. */
async function queue() {
  await need("the queue has incidents", () => page.getByTestId("incident-row").first().waitFor());
  const rows = page.getByTestId("incident-row");
  const top = Number(await rows.first().getAttribute("data-number"));
  await check("it is sorted by priority", async () => {
    const priorities = (await page.locator("[data-testid=incident-row] .priority").allInnerTexts()).map(Number);
    assert(priorities.length > 1 && new Set(priorities).size > 1, `nothing to sort: ${priorities.join(", ")}`);
    assert(priorities.every((value, index) => index === 0 || value <= priorities[index - 1]), priorities.join(", "));
  });
  await check("the top one spans on-premises, Azure and AWS", async () => {
    const text = await rows.first().innerText();
    for (const name of ["On-prem", "Azure", "AWS"]) assert(text.includes(name), `${name} is missing in ${JSON.stringify(text)}`);
  });
  await check("its priority gives its reasons on hover", async () => {
    await rows.first().locator(".priority").hover();
    await page.getByRole("tooltip").locator(".part-reason").first().waitFor();
    await screenshot(page, "queue-reasons");
    await page.mouse.move(700, 880);
  });
  await check("j and k move the selection", async () => {
    const selected = (index) => eventually(async () => (await rows.nth(index).getAttribute("aria-selected")) === "true", `row ${index} is not selected`);
    await page.keyboard.press("Home");
    await selected(0);
    await page.keyboard.press("j");
    await selected(1);
    assert((await rows.first().getAttribute("aria-selected")) === "false", "two rows are selected");
    await page.keyboard.press("k");
    await selected(0);
  });
  await need("Enter opens the top incident", async () => {
    await page.keyboard.press("Enter");
    await page.getByTestId("incident").waitFor();
    assert(Number(await page.getByTestId("incident").getAttribute("data-number")) === top, "another one opened");
  });
  return top;
}

/** The header's figures, read anew from the server. */
async function figures() {
  await page.reload();
  await page.getByTestId("strip-open").waitFor();
  await workbench.stripLoaded();
  const { body } = await workbench.api("GET", "/api/v1/summary");
  const missing = page.getByTestId("strip-not-remediated");
  return {
    tta: await workbench.strip("median-tta"),
    ttr: await workbench.strip("median-ttr"),
    open: Number((await workbench.strip("open")).value),
    missing: (await missing.count()) === 0 ? 0 : Number(await missing.locator(".figure-value").innerText()),
    summary: body,
  };
}

async function topIncident(number) {
  await check("the incident says why it has its priority", async () => {
    assert((await page.locator(".incident-side .part-reason").count()) > 1, "fewer than two reasons");
  });
  await check("it lists alerts and entities", async () => {
    assert((await page.getByTestId("alert").count()) > 1, "fewer than two alerts");
    assert((await page.locator(".entity").count()) > 1, "fewer than two entities");
  });
  await check("TTA runs until somebody takes it", async () => assert((await workbench.clockState("tta")) === "running", await workbench.clockState("tta")));

  const before = await figures();
  await need("a acknowledges it", async () => {
    await page.keyboard.press("a");
    await workbench.becomes("Active");
    await eventually(async () => (await workbench.clockState("tta")) === "done", "TTA still runs");
  });
  await check("TTA moves in the header, without a reload", () =>
    eventually(async () => (await workbench.strip("median-tta")).count === before.tta.count + 1 && (await workbench.strip("median-tta")).value !== "–", "TTA did not move"),
  );
  await check("as long as it is not remediated, TTR stands", async () => {
    const now = await figures();
    assert(now.ttr.count === before.ttr.count && now.ttr.value === before.ttr.value, JSON.stringify([before.ttr, now.ttr]));
  });
  await need("n marks it contained", async () => {
    await page.keyboard.press("n");
    await workbench.becomes("Contained");
  });
  await need("r marks it remediated", async () => {
    await page.keyboard.press("r");
    await workbench.becomes("Remediated");
  });
  await evidence();
  await alertsAndQuery(workbench, number);
  await workbench.openIncident(number);
  await need("it closes as true positive", () => workbench.close("True positive", "Account disabled, key revoked, role session ended."));
  await check("TTC and TTR are recorded with both instants", async () => {
    for (const key of ["ttc", "ttr"]) {
      assert((await workbench.clockState(key)) === "done", `${key} is ${await workbench.clockState(key)}`);
      assert((await page.getByTestId(`clock-${key}`).locator("time").count()) === 2, `${key} does not show both instants`);
    }
  });
  await check("TTR moves in the header, without a reload", () =>
    eventually(async () => (await workbench.strip("median-ttr")).count === before.ttr.count + 1 && (await workbench.strip("median-ttr")).value !== "–", "TTR did not move"),
  );
  await check("the only true positive's TTR is the median", async () => {
    assert(before.ttr.count === 0, `${before.ttr.count} were there before`);
    const [own, median] = [await page.getByTestId("clock-ttr").locator(".clock-figure").innerText(), (await workbench.strip("median-ttr")).value];
    assert(own === median, `the incident says ${own}, the header ${median}`);
  });
  await check("one incident less is open", () =>
    eventually(async () => Number((await workbench.strip("open")).value) === before.open - 1, "the count of open incidents did not fall"),
  );
  await check("its history names who did what", async () => {
    await page.keyboard.press("4");
    const text = await page.locator(".activity").innerText();
    assert(text.includes(user), "the user is not named");
    assert(text.includes("Account disabled, key revoked"), "the comment is not there");
  });
  await screenshot(page, "incident-closed");
}

async function evidence() {
  await check("the evidence shows rows of more than one table", async () => {
    await page.keyboard.press("2");
    await page.locator(".evidence .grid-row").first().waitFor();
    assert((await page.locator(".evidence").count()) > 1, "one table only");
  });
}

async function falsePositive(first) {
  const number = await workbench.find(SCRIPT);
  await workbench.openQueue();
  await need("the hostile incident is open, the closed one left the queue", async () => {
    await workbench.row(number).waitFor();
    assert((await workbench.row(first).count()) === 0, "the closed one is still there");
  });
  await hostile(number);
  const before = await figures();
  await need("it is acknowledged and closed as false positive", async () => {
    await page.keyboard.press("a");
    await eventually(async () => (await workbench.clockState("tta")) === "done", "TTA still runs");
    await workbench.close("False positive", SCRIPT);
  });
  await check("TTA counts it, TTR does not", async () => {
    // Read anew: figures that were not asked for again could not have moved.
    const after = await figures();
    assert(after.open === before.open - 1, `the figures are those of before the closing: ${after.open} open`);
    assert(after.tta.count === before.tta.count + 1, `TTA is over ${after.tta.count} incidents, was ${before.tta.count}`);
    assert(after.ttr.value === before.ttr.value && after.ttr.count === before.ttr.count, `${JSON.stringify(before.ttr)} became ${JSON.stringify(after.ttr)}`);
    assert(after.summary.median_ttr_seconds === before.summary.median_ttr_seconds, "the server's median moved");
    assert(after.missing === before.missing, "it counts as not remediated");
  });
  await check("its own TTR does not apply", async () =>
    assert((await workbench.clockState("ttr")) === "not_applicable", `it is ${await workbench.clockState("ttr")}`),
  );
  await check("a hostile comment is text in the history", async () => {
    await page.keyboard.press("4");
    assert((await page.locator(".activity").innerText()).includes(SCRIPT), "it is not there");
  });
  await workbench.noLiveMarkup("history");
  await screenshot(page, "incident-false-positive");
}

/** Hostile values wherever the queue and the incident page show text. */
async function hostile(number) {
  await need("people can write hostile texts too", async () => {
    for (const [action, body] of [["labels", { labels: [SCRIPT, "=1+1"] }], ["comment", { text: HOSTILE_TEXTS.join("\n") }]]) {
      const { status } = await workbench.api("POST", `/api/v1/incidents/${number}/${action}`, body);
      assert(status === 200, `${action}: ${status}`);
    }
  });
  await check("hostile text is text in the queue", async () => {
    const text = await workbench.row(number).innerText();
    assert(text.includes(SCRIPT), text);
    assert(text.includes("\\u202e"), `the override is not spelt out in ${text}`);
  });
  await workbench.noLiveMarkup("queue with hostile values");
  await workbench.openIncident(number);
  await page.locator(".timeline-head").first().click();
  await page.locator(".alert-detail").waitFor();
  for (const entity of await page.locator(".entity").all()) await entity.locator("summary").click();
  await check("hostile text is text all over the incident", async () => {
    const text = await page.getByTestId("incident").innerText();
    for (const one of HOSTILE_TEXTS) assert(text.includes(one), `${one} is not on the page`);
    assert(await page.locator(".incident-facts .chip").getByText(SCRIPT).count(), "the label is not there");
  });
  for (const [key, name] of [["1", "alerts"], ["2", "evidence"], ["3", "scope"], ["4", "activity"]]) {
    await page.keyboard.press(key);
    await eventually(async () => (await page.locator("#tab-panel .spinner").count()) === 0, "it loads for ever");
    await workbench.noLiveMarkup(`hostile ${name}`);
  }
  await page.keyboard.press("1");
  await screenshot(page, "incident-hostile");
}

try {
  await signInPage(browser);
  await signIn();
  const top = await queue();
  await topIncident(top);
  await falsePositive(top);
  await reader(browser, workbench);
  await keyboardOnly(workbench);
  await sessions(workbench, top);
  await consolePage(workbench);
  await everyPage(workbench, top);
  await signOut(workbench);
} catch (error) {
  if (!(error instanceof Stop)) {
    counts.failed += 1;
    console.log(`FAIL  the run broke off\n      ${error?.stack ?? error}`);
  }
  await screenshot(page, "failure").catch(() => undefined);
}
await check("no script error and no policy violation on the way", async () => assert(problems.length === 0, problems.join("; ")));
await browser.close();
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 ? 0 : 1);

/** More than one person: live updates, a reader, the keyboard alone, a session that ends. */
import { KEYBOARD, WATCHED } from "./alerts.mjs";
import { assert, base, eventually, screenshot } from "./browser.mjs";
import { check, need, password, user, Workbench } from "./steps.mjs";

/** A second browser sees what the first one does. It is signed in as a reader, who may look and no more. */
export async function reader(browser, admin) {
  const number = await admin.find(WATCHED);
  const name = "rita";
  let secret = "";
  await need("an administrator adds a reader", async () => {
    const { status, body } = await admin.api("POST", "/api/v1/users", { name, role: "reader" });
    assert(status === 200, `${status} ${JSON.stringify(body)}`);
    secret = body.password;
  });
  const other = await Workbench.open(browser);
  await need("the reader signs in in a second browser", async () => {
    await other.page.goto(`${base}/`);
    await other.signIn(name, secret);
    await other.row(number).waitFor();
    await eventually(async () => (await other.page.locator(".live").innerText()) === "Live", "not live");
  });
  await check("a reader's queue offers nothing to press", async () => {
    assert((await other.page.getByRole("button", { name: /acknowledge/i }).count()) === 0, "there is a button to acknowledge");
  });
  await liveQueue(admin, other, number);
  await liveIncident(admin, other, number);
  await check("a reader's incident has no action and no form", async () => {
    assert((await other.page.locator("[data-testid^=action-]").count()) === 0, "there are actions");
    await other.page.keyboard.press("4");
    await other.page.locator(".activity").waitFor();
    assert((await other.page.locator("textarea").count()) === 0, "there is a form");
  });
  await check("keys change nothing for a reader, and say so", async () => {
    await other.page.keyboard.press("n");
    await other.page.getByRole("alert").getByText("your role may only read").waitFor();
    const { body } = await admin.api("GET", `/api/v1/incidents/${number}`);
    assert(body.status === "Active", `it is ${body.status}`);
  });
  await screenshot(other.page, "incident-reader");
  await check("the server refuses a reader's changes", async () => {
    for (const [action, body] of [["acknowledge", {}], ["comment", { text: "x" }], ["close", { classification: "FalsePositive" }]]) {
      const answer = await other.api("POST", `/api/v1/incidents/${number}/${action}`, body);
      assert(answer.status === 403, `${action}: ${answer.status}`);
    }
    const users = await other.api("POST", "/api/v1/users", { name: "mallory", role: "admin" });
    assert(users.status === 403, `a reader may add users: ${users.status}`);
    const { body } = await admin.api("GET", `/api/v1/incidents/${number}`);
    assert(body.status === "Active", `it is ${body.status}`);
  });
  await other.page.context().close();
}

/** Marks the window, so that a reload would show. */
const mark = (page) => page.evaluate(() => void (globalThis.__notReloaded = true));
const marked = (page) => page.evaluate(() => globalThis.__notReloaded === true);

async function liveQueue(admin, other, number) {
  await check("another person's queue follows without a reload", async () => {
    await mark(other.page);
    const before = await other.row(number).innerText();
    assert(before.includes("New"), before);
    const { status } = await admin.api("POST", `/api/v1/incidents/${number}/acknowledge`, {});
    assert(status === 200, String(status));
    await eventually(async () => /Active[\s\S]*acknowledged/.test(await other.row(number).innerText()), "the row stays as it was");
    assert(await marked(other.page), "the page was loaded again");
  });
}

async function liveIncident(admin, other, number) {
  await check("another person's incident page follows without a reload", async () => {
    await other.openIncident(number);
    await eventually(async () => (await other.page.locator(".live").innerText()) === "Live", "not live");
    await mark(other.page);
    await other.page.keyboard.press("4");
    const { status } = await admin.api("POST", `/api/v1/incidents/${number}/comment`, { text: "The user confirms the journey." });
    assert(status === 200, String(status));
    await other.page.locator(".activity").getByText("The user confirms the journey.").waitFor();
    assert(await marked(other.page), "the page was loaded again");
  });
}

/** From the queue to a closed incident without a mouse. */
export async function keyboardOnly(workbench) {
  const { page } = workbench;
  const number = await workbench.find(KEYBOARD);
  await workbench.openQueue();
  await need("/ finds an incident by its title, Enter opens it", async () => {
    await page.keyboard.press("/");
    await page.keyboard.type(KEYBOARD);
    await page.keyboard.press("Enter");
    await eventually(async () => (await page.getByTestId("incident-row").count()) === 1, "the search does not narrow the queue");
    await page.keyboard.press("Enter");
    await page.getByTestId("incident").waitFor();
    assert((await page.getByTestId("incident").getAttribute("data-number")) === String(number), "another one opened");
  });
  await need("a, n and r work through it", async () => {
    for (const [key, status] of [["a", "Active"], ["n", "Contained"], ["r", "Remediated"]]) {
      await page.keyboard.press(key);
      await workbench.becomes(status);
    }
  });
  await need("x, a choice, a comment and Ctrl Enter close it", async () => {
    await page.keyboard.press("x");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Space");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.type("Rule removed, sessions revoked.");
    await page.keyboard.press("Control+Enter");
    await workbench.becomes("Closed");
    const { body } = await workbench.api("GET", `/api/v1/incidents/${number}`);
    assert(body.classification === "TruePositive", `it is ${body.classification}`);
    assert(JSON.stringify(body.activity).includes("Rule removed, sessions revoked."), "the comment is not in the history");
  });
  await check("u goes back to the queue as it was left", async () => {
    await page.keyboard.press("u");
    await page.getByText("No incident matches").waitFor();
    assert((await page.getByLabel("Search incidents").inputValue()) === KEYBOARD, "the search is gone");
    await page.keyboard.press("Escape");
    await page.getByTestId("incident-row").first().waitFor();
  });
  await check("? lists the keys, Escape closes the list", async () => {
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
  });
  await focusIsVisible(workbench);
  await check("Escape leaves the editor, where Tab indents", async () => {
    await page.goto(`${base}/console`);
    await page.locator(".monaco-editor.focused").waitFor();
    await page.keyboard.press("Escape");
    assert(await page.evaluate(() => document.activeElement?.getAttribute("data-testid") === "run"), "the focus is not on Run");
    await page.keyboard.press("g");
    await page.keyboard.press("q");
    await page.getByTestId("incident-row").first().waitFor();
  });
}

async function focusIsVisible({ page }) {
  await check("the focus can be seen wherever Tab leads", async () => {
    await page.goto(`${base}/`);
    await page.getByTestId("incident-row").first().waitFor();
    const stops = [];
    for (let index = 0; index < 25; index += 1) {
      await page.keyboard.press("Tab");
      stops.push(
        await page.evaluate(() => {
          const element = document.activeElement;
          if (!element || element === document.body) return null;
          const style = getComputedStyle(element);
          const box = element.getBoundingClientRect();
          const outlined = style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) > 0;
          const inside = box.width > 0 && box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight;
          return { name: element.outerHTML.slice(0, 100), seen: outlined && inside };
        }),
      );
    }
    const reached = stops.filter((stop) => stop !== null);
    const hidden = reached.filter((stop) => !stop.seen).map((stop) => stop.name);
    assert(new Set(reached.map((stop) => stop.name)).size > 12, `only ${reached.length} stops`);
    assert(hidden.length === 0, hidden.join("; "));
  });
}

/** A wrong password in the settings is a mistake; a session that ended asks for sign-in and comes back. */
export async function sessions(workbench, number) {
  const { page } = workbench;
  await check("a wrong current password says so, and nobody is signed out", async () => {
    await page.goto(`${base}/settings`);
    await page.getByLabel("Current password").fill(`${password}-wrong`);
    await page.getByLabel("New password", { exact: true }).fill("a long new passphrase");
    await page.getByLabel("New password again").fill("a long new passphrase");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.locator("form [role=alert]").waitFor();
    assert((await page.locator("main h1").innerText()) === "Settings", "the page is another one");
  });
  await check("a session that ended asks for sign-in, and leads back to the page", async () => {
    await workbench.openIncident(number);
    await page.context().clearCookies();
    await page.keyboard.press("2");
    await page.getByText("Your session has ended").waitFor();
    await screenshot(page, "session-ended");
    await workbench.signIn(user, password);
    await page.getByTestId("incident").waitFor();
    assert(page.url().endsWith(`/incidents/${number}`), page.url());
  });
}

export async function signOut({ page }) {
  await check("signing out ends the session, here and on the server", async () => {
    await page.goto(`${base}/settings`);
    const cookies = await page.context().cookies();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.locator("input[name=password]").waitFor();
    assert((await page.getByText("Your session has ended").count()) === 0, "it says that the session ended by itself");
    // The cookie of before, as somebody would send it who had copied it.
    const header = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
    assert(header.includes("="), "there was no cookie");
    const answer = await fetch(`${base}/api/v1/summary`, { headers: { cookie: header } });
    assert(answer.status === 401, `the API still answers ${answer.status}`);
  });
}

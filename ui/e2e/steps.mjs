/** What the browser test does again and again on a page, and what it reads from one. */
import { assert, base, counter, eventually, liveMarkup, openPage, screenshot } from "./browser.mjs";

export const user = process.env.WATCHFLOOR_USER ?? "admin";
export const password = process.env.WATCHFLOOR_PASSWORD ?? "";
export const { counts, check, need } = counter();

/** A page of one person, with the steps that are taken on it. */
export class Workbench {
  constructor(page) {
    this.page = page;
  }

  static async open(browser) {
    return new Workbench(await openPage(browser));
  }

  async signIn(name, secret) {
    const { page } = this;
    await page.locator("input[name=name]").waitFor();
    await page.fill("input[name=name]", name);
    await page.fill("input[name=password]", secret);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByTestId("strip-open").waitFor();
  }

  /** Calls the API as the signed-in person. */
  async api(method, path, body) {
    const session = await this.page.request.get(`${base}/api/v1/session`);
    const { csrf } = await session.json();
    const response = await this.page.request.fetch(`${base}${path}`, {
      method,
      headers: { "X-Watchfloor-CSRF": csrf },
      ...(body === undefined ? {} : { data: body }),
    });
    const text = await response.text();
    return { status: response.status(), body: text ? JSON.parse(text) : null };
  }

  /** The header strip has its figures. */
  stripLoaded() {
    return eventually(
      async () => (await this.page.getByTestId("strip-median-tta").getAttribute("data-count")) !== null,
      "the header strip stays empty",
    );
  }

  /** A figure of the header strip: its text, and how many incidents it is over. */
  async strip(id) {
    const figure = this.page.getByTestId(`strip-${id}`);
    return { value: await figure.locator(".figure-value").innerText(), count: Number((await figure.getAttribute("data-count")) ?? Number.NaN) };
  }

  row(number) {
    return this.page.locator(`[data-testid=incident-row][data-number="${number}"]`);
  }

  async openQueue() {
    await this.page.goto(`${base}/`);
    await this.page.getByTestId("incident-row").first().waitFor();
    await this.stripLoaded();
  }

  /** The number of the open incident whose title holds the text. */
  async find(title) {
    let number = Number.NaN;
    await eventually(
      async () => {
        const { body } = await this.api("GET", `/api/v1/incidents?status=all&limit=500&search=${encodeURIComponent(title)}`);
        number = body.items.find((item) => item.title.includes(title))?.number ?? Number.NaN;
        return Number.isInteger(number);
      },
      `no incident has ${title} in its title`,
      60_000,
    );
    return number;
  }

  async openIncident(number) {
    await this.page.goto(`${base}/incidents/${number}`);
    await this.page.getByTestId("incident").waitFor();
    await this.stripLoaded();
  }

  status() {
    return this.page.getByTestId("incident-status").innerText();
  }

  clockState(key) {
    return this.page.getByTestId(`clock-${key}`).getAttribute("data-state");
  }

  becomes(status) {
    return eventually(async () => (await this.status()) === status, `the status does not become ${status}`);
  }

  async close(label, comment) {
    const { page } = this;
    await page.keyboard.press("x");
    const dialog = page.getByRole("dialog");
    await dialog.getByText(label, { exact: true }).click();
    if (comment) await dialog.locator("textarea").fill(comment);
    await screenshot(page, `close-${label.toLowerCase().replace(" ", "-")}`);
    await dialog.getByRole("button", { name: /^Close incident/ }).click();
    await dialog.waitFor({ state: "hidden" });
    await this.becomes("Closed");
  }

  async noLiveMarkup(where) {
    await check(`${where}: no element was made of log text`, async () => {
      const found = await liveMarkup(this.page);
      assert(found.length === 0, found.join("; "));
    });
  }

  async setQuery(text) {
    await this.page.locator(".monaco-editor .view-lines").click();
    await this.page.keyboard.press("Control+a");
    await this.page.keyboard.insertText(text);
  }
}

/** The KQL console: an alert's own query, mistakes, completion, exports. */
import { readFile } from "node:fs/promises";
import { assert, base, eventually, screenshot } from "./browser.mjs";
import { check, need } from "./steps.mjs";

const ready = (page) => page.locator(".monaco-editor .view-line").first().waitFor();

/** The first alert of the incident that has a query: opened in the console, run, edited, run again. */
export async function alertsAndQuery(workbench, number) {
  const { page } = workbench;
  await need("an alert shows the query behind it", async () => {
    await workbench.openIncident(number);
    const heads = page.locator(".timeline-head");
    const button = page.getByRole("button", { name: "Open in console" });
    for (let index = 0; index < (await heads.count()) && (await button.count()) === 0; index += 1) await heads.nth(index).click();
    await button.first().waitFor();
  });
  await screenshot(page, "incident-alert");
  await workbench.noLiveMarkup("alert");
  let rows = 0;
  await need("it opens in the console with its time range, and gives rows", async () => {
    const query = (await page.locator("pre.query").first().innerText()).trim();
    await page.getByRole("button", { name: "Open in console" }).first().click();
    await ready(page);
    assert((await page.getByLabel("Time range").inputValue()) === "between", "the time range is not the alert's");
    const text = await editorText(page);
    assert(text === query.replace(/\s+/g, ""), `the editor holds ${text}`);
    await page.getByTestId("run").click();
    await page.locator(".results .grid-row").first().waitFor();
    rows = await rowCount(page);
    assert(rows > 0, "no rows");
  });
  await screenshot(page, "console-alert");
  await check("edited, it gives what the edit asks for", async () => {
    await page.locator(".monaco-editor .view-lines").click();
    await page.keyboard.press("Control+End");
    await page.keyboard.insertText("\n| extend Edited = 'yes'\n| take 1");
    await page.keyboard.press("Control+Enter");
    await page.locator(".results .grid-head").getByText("Edited").waitFor();
    assert((await rowCount(page)) === 1, `${await rowCount(page)} rows`);
  });
}

/** What the editor shows, without white space: it draws blanks as it likes. Long texts are drawn in part only. */
async function editorText(page) {
  const lines = await page.locator(".monaco-editor .view-line").evaluateAll((all) =>
    all.map((line) => ({ top: line.getBoundingClientRect().top, text: line.textContent ?? "" })).sort((a, b) => a.top - b.top).map((line) => line.text),
  );
  return lines.join("").replace(/\s+/g, "");
}

async function rowCount(page) {
  const said = await page.locator(".results .grid-tools").innerText();
  return Number(/([\d,]+) rows?/.exec(said)?.[1]?.replaceAll(",", ""));
}

export async function consolePage(workbench) {
  const { page } = workbench;
  await page.goto(`${base}/console`);
  await ready(page);
  await mistakes(workbench);
  await check("columns are completed from the server's schema", async () => {
    await workbench.setQuery("SecurityEvent\n| where TargetUserNam");
    await eventually(async () => {
      await page.keyboard.press("Control+Space");
      await page.waitForTimeout(700);
      return (await page.locator(".suggest-widget .monaco-list-row").allInnerTexts()).join(" ").includes("TargetUserName");
    }, "no suggestion");
    await page.keyboard.press("Escape");
  });
  await help(workbench);
  await check("Ctrl Enter runs, and rows come", async () => {
    await workbench.setQuery("SecurityEvent | take 20");
    await page.getByLabel("Time range").selectOption("query");
    await page.locator(".monaco-editor .view-lines").click();
    await page.keyboard.press("Escape");
    await page.locator(".monaco-editor .view-lines").click();
    await page.keyboard.press("Control+Enter");
    await page.locator(".results .grid-row").first().waitFor();
    assert((await rowCount(page)) === 20, `${await rowCount(page)} rows`);
  });
  await exports(workbench);
  await workbench.noLiveMarkup("console");
}

/** What the server says while a query is written. */
async function help(workbench) {
  const { page } = workbench;
  await check("behind a pipe the operators are offered, with what they do", async () => {
    await workbench.setQuery("SecurityEvent\n| summ");
    await eventually(async () => {
      await page.keyboard.press("Control+Space");
      await page.waitForTimeout(700);
      return (await page.locator(".suggest-widget .monaco-list-row").allInnerTexts()).join(" ").includes("summarize");
    }, "no operator");
    await page.keyboard.press("Escape");
  });
  await check("an open call shows its parameters", async () => {
    await workbench.setQuery("SecurityEvent | extend a = substring(");
    await eventually(async () => {
      await page.keyboard.press("Control+Shift+Space");
      await page.waitForTimeout(500);
      return (await page.locator(".parameter-hints-widget").allInnerTexts()).join(" ").includes("start");
    }, "no signature");
    await page.keyboard.press("Escape");
  });
  await check("a word under the pointer is explained", async () => {
    await workbench.setQuery("SecurityEvent | extend Short = substring(Account, 0, 3)");
    const word = page.locator(".monaco-editor .view-line span span").filter({ hasText: /^\s*substring\s*$/ }).first();
    await word.waitFor();
    await eventually(async () => {
      await page.mouse.move(5, 5);
      await word.hover();
      await page.waitForTimeout(800);
      return (await page.locator(".monaco-hover").allInnerTexts()).join(" ").includes("substring(");
    }, "no hover");
    await page.mouse.move(5, 5);
  });
  await check("Format lays the query out and keeps its words", async () => {
    const query = "SecurityEvent|where EventID==4625 // failed\n|summarize count() by Account";
    await workbench.setQuery(query);
    await page.getByTestId("format").click();
    await eventually(async () => (await page.locator(".monaco-editor .view-line").count()) === 3, "not three lines");
    assert((await editorText(page)) === query.replace(/\s+/g, ""), await editorText(page));
  });
  await screenshot(page, "console-format");
}

async function mistakes(workbench) {
  const { page } = workbench;
  await check("a mistake is marked where it is, behind characters of every width", async () => {
    await workbench.setQuery("// 🙂 é\nSecurityEvent\n| where NoSuchColumn == 1");
    const mark = page.locator(".squiggly-error").first();
    await mark.waitFor();
    const word = page.locator(".monaco-editor .view-line span span").filter({ hasText: /^\s*NoSuchColumn\s*$/ }).first();
    const [marked, meant] = [await mark.boundingBox(), await word.boundingBox()];
    assert(marked && meant, "nothing to compare");
    const near = (left, right) => Math.abs(left - right) < 12;
    assert(near(marked.y, meant.y), `the mark is on another line: ${marked.y}, ${meant.y}`);
    assert(near(marked.x, meant.x) && near(marked.x + marked.width, meant.x + meant.width), `${JSON.stringify(marked)} is not under ${JSON.stringify(meant)}`);
  });
  await check("running it explains the mistake and leads to it", async () => {
    await page.getByTestId("run").click();
    const first = page.locator(".diagnostics li").first();
    await first.waitFor();
    assert((await first.innerText()).includes("NoSuchColumn"), await first.innerText());
    await first.getByRole("button", { name: "line 3, column 9" }).click();
    await page.locator(".monaco-editor.focused").waitFor();
  });
  await screenshot(page, "console-error");
}

async function exportCsv(page) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export CSV" }).click()]);
  return (await readFile(await download.path(), "utf8")).replace("\ufeff", "");
}

async function exports(workbench) {
  const { page } = workbench;
  await check("the CSV export carries no formula", async () => {
    await workbench.setQuery('SecurityEvent | take 1 | project Formula = "=1+1", At = "@SUM(A1)", Plus = "+1", Minus = "-2+3", Plain = "a=1", Tab = "\\tx"');
    await page.getByTestId("run").click();
    await page.locator(".results .grid-head").getByText("Formula").waitFor();
    const [head, row] = (await exportCsv(page)).split("\r\n");
    assert(head === "Formula,At,Plus,Minus,Plain,Tab", head);
    assert(row === `'=1+1,'@SUM(A1),'+1,'-2+3,a=1,"'\tx"`, row);
  });
  await check("nor does the export of what a log brought", async () => {
    await workbench.setQuery('SecurityAlert | where SystemAlertId == "hostile-1" | project ProductName, ProviderName, CompromisedEntity');
    await page.getByTestId("run").click();
    await page.locator(".results .grid-head").getByText("CompromisedEntity").waitFor();
    const csv = await exportCsv(page);
    assert(/\r\n'=cmd/.test(csv), csv);
    assert(csv.includes(",'@SUM(1),"), csv);
    assert(/,"?'\+/.test(csv), csv);
  });
}

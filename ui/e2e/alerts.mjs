/**
 * Alerts that the browser test sends in besides the sample intrusion, each an incident of its own. Run as a program it
 * prints them as NDJSON for `watchfloor ingest`.
 */
import { pathToFileURL } from "node:url";

/** What a log may hold: markup that would run, an address, a formula, and characters that mislead. */
export const SCRIPT = "<script>window.__pwned=1</script>";
const IMAGE = "<img src=x onerror=window.__pwned=1>";
const LINK = '<a href="https://evil.example/">click</a>';
const MISLEADING = "\u001b[31mred\u0007 \u202egpj.exe\u2066";

export const KEYBOARD = "Inbox rule hides replies";
export const WATCHED = "Sign-in from an anonymising network";
export const LONG = "Service principal with a very long name";

/** Texts that must be on the hostile incident's page, as text. */
export const HOSTILE_TEXTS = [SCRIPT, IMAGE, LINK, "javascript:window.__pwned=1", "https://evil.example/", "=cmd|' /C calc'!A0", "\\e[31mred", "\\u202egpj.exe"];

const entities = (list) => JSON.stringify(list.map((entity, index) => ({ $id: String(index + 2), ...entity })));

function alert(id, fields, minutesAgo = 20) {
  const at = new Date(Date.now() - minutesAgo * 60_000).toISOString();
  return {
    Type: "SecurityAlert",
    TimeGenerated: at,
    StartTime: at,
    EndTime: at,
    VendorName: "Browser test",
    ProductName: "Browser test",
    ProviderName: "Browser test",
    AlertType: id,
    AlertSeverity: "Medium",
    SystemAlertId: id,
    VendorOriginalId: id,
    ...fields,
  };
}

export function alerts() {
  const evil = `${SCRIPT} ${IMAGE} ${LINK} javascript:window.__pwned=1 https://evil.example/ ${MISLEADING}`;
  const endless = "x".repeat(400);
  return [
    alert("hostile-1", {
      VendorName: IMAGE,
      ProductName: "=cmd|' /C calc'!A0",
      ProviderName: "@SUM(1)",
      DisplayName: evil,
      AlertName: evil,
      AlertType: `<b>${evil}</b>`,
      AlertSeverity: "Low",
      Description: evil,
      CompromisedEntity: `+${evil}`,
      Tactics: `InitialAccess, ${SCRIPT}`,
      Techniques: JSON.stringify(["T1078", evil]),
      ExtendedProperties: JSON.stringify({ [evil]: evil }),
      RemediationSteps: JSON.stringify([evil]),
      AlertLink: "https://evil.example/",
      Entities: entities([
        { Name: `<u>mallory</u>${MISLEADING}`, UPNSuffix: "evil.example", Type: "account" },
        { HostName: `+${IMAGE}`, DnsDomain: "<i>evil</i>.example", Type: "host" },
        { Url: "javascript:window.__pwned=1", Type: "url" },
        { Name: `=${SCRIPT}.exe`, Directory: LINK, Type: "file" },
      ]),
    }),
    alert("keyboard-1", { DisplayName: KEYBOARD, AlertName: KEYBOARD, Entities: entities([{ Name: "kim", UPNSuffix: "keyboard.example", Type: "account" }]) }),
    alert("watched-1", { DisplayName: WATCHED, AlertName: WATCHED, Entities: entities([{ Name: "wen", UPNSuffix: "watched.example", Type: "account" }]) }),
    alert("long-1", {
      DisplayName: `${LONG} ${endless}`,
      AlertName: `${LONG} ${endless}`,
      Description: endless,
      ProductName: endless,
      Entities: entities([
        { Name: endless, UPNSuffix: "long.example", Type: "account" },
        { HostName: `host-${endless}`, DnsDomain: "long.example", Type: "host" },
        ...Array.from({ length: 25 }, (_, index) => ({ Url: `https://long.example/${index}/${endless}`, Type: "url" })),
      ]),
    }),
  ];
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const one of alerts()) console.log(JSON.stringify(one));
}

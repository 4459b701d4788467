// The chat page of the example gateway in a real browser (Debian's chromium), as its reader sees it.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const require = createRequire(`${process.env.INTEROP_NODE}/`);
const { chromium } = require("playwright-core");

const endpoint = JSON.parse(readFileSync(process.env.INTEROP_ENDPOINT));
const gateway = process.env.GATEWAY;
const profile = mkdtempSync(join(tmpdir(), "chat-page-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  chromiumSandbox: false,
  viewport: { width: 900, height: 700 },
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
context.setDefaultTimeout(30000);
let page, elsewhere, complaints;

async function control(path, value) {
  const answer = await fetch(endpoint.control + path,
    value === undefined ? {} : { method: "POST", body: JSON.stringify(value) });
  return JSON.parse((await answer.text()) || "null");
}

const script = (action) =>
  control("/script", [{ match: { operation: "ConverseStream" }, times: 1, action }]);
const said = (text) => ({ event: "contentBlockDelta", json: { contentBlockIndex: 0, delta: { text } } });
const begin = { event: "messageStart", json: { role: "assistant" } };
const end = { event: "messageStop", json: { stopReason: "end_turn" } };

function equal(expected, got) {
  if (expected !== got) throw new Error(`expected ${expected}, got ${got}`);
}

async function eventually(what, f) {
  for (let i = 0; i < 500; i++) {
    if (await f()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`never: ${what}`);
}

// A page of its own for each; nothing may be asked of anybody but the gateway, nothing be complained of.
async function check(name, run) {
  try {
    await control("/reset", {});
    elsewhere = [];
    complaints = [];
    page = await context.newPage();
    page.on("request", (request) => request.url().startsWith(gateway) || request.url().startsWith("data:") ||
      elsewhere.push(request.url()));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(gateway);
    await run();
    equal("", elsewhere.join(" "));
    equal("", complaints.join(" "));
    console.log(`ok - chat page: ${name}`);
  } catch (error) {
    console.log(`not ok - chat page: ${name}: ${error.name}: ${error.message}`);
  } finally {
    await page.close();
  }
}

const bubbles = (role) => page.locator(`.message.${role}`);
const rested = () => page.locator("button", { hasText: "Send" }).waitFor();

async function say(text) {
  await page.locator("textarea").fill(text);
  await page.locator("textarea").press("Enter");
}

async function talk(text) {
  await say(text);
  await rested();
}

async function sent() {
  const requests = await control("/requests");
  return JSON.parse(Buffer.from(requests.at(-1).body64, "base64").toString());
}

// Every text that an answer had on the page, in order.
const watch = () => page.evaluate(() => {
  window.seen = [];
  new MutationObserver(() => {
    const text = [...document.querySelectorAll(".message.assistant")].at(-1)?.textContent ?? "";
    if (text !== window.seen.at(-1)) window.seen.push(text);
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
});

await check("words appear as they come", async () => {
  await control("/config", { stream_interval_ms: 30 });
  await watch();
  await talk("How deep is the lake?");
  const seen = (await page.evaluate(() => window.seen)).filter((text) => text !== "");
  const whole = seen.at(-1);
  equal("You asked: How deep is the lake?", whole.split("\n")[0]);
  equal(true, new Set(seen.filter((text) => text !== whole)).size >= 2);
  equal(true, seen.every((text, i) => whole.startsWith(text) && text.length >= (seen[i - 1] ?? "").length));
  equal(whole, await bubbles("assistant").innerText());
  equal("", await page.locator("textarea").inputValue());
});

await check("a second question keeps the conversation", async () => {
  await talk("My first question");
  const answer = await bubbles("assistant").innerText();
  await talk("My second one");
  equal(2, await bubbles("assistant").count());
  const { messages } = await sent();
  equal("user assistant user", messages.map(({ role }) => role).join(" "));
  equal(answer, messages[1].content[0].text.trimEnd());
  equal("My second one", messages[2].content[0].text);
});

await check("an error of the service is shown, and the next question goes on without it", async () => {
  await script({ status: 400, headers: { "x-amzn-ErrorType": "ValidationException" },
    json: { message: "That model rests today." } });
  await talk("Hello?");
  equal(true, (await bubbles("error").innerText()).includes("That model rests today."));
  await talk("And now?");
  equal("You asked: And now?", (await bubbles("assistant").innerText()).split("\n")[0]);
  equal(1, (await sent()).messages.length);
});

await check("an error in the midst of an answer is shown below what had come", async () => {
  await script({ frames: [begin, said("So far so"),
    { exception: "modelStreamErrorException", json: { message: "It stumbled." } }] });
  await talk("Hello?");
  equal("So far so", await bubbles("assistant").innerText());
  equal(true, (await bubbles("error").innerText()).includes("It stumbled."));
});

await check("HTML of the model, the user and an error is text", async () => {
  const html = "<img src=x onerror='window.hacked = 1'><script>window.hacked = 2</script><b>bold</b>";
  await script({ frames: [begin, said(html.slice(0, 9)), said(html.slice(9)), end] });
  await talk(html);
  equal(html, await bubbles("assistant").innerText());
  equal(html, await bubbles("user").innerText());
  await script({ status: 400, json: { message: html } });
  await talk("Hello?");
  equal(true, (await bubbles("error").innerText()).includes(html));
  equal(0, await page.locator(".message *").count());
  equal(undefined, await page.evaluate(() => window.hacked));
});

const endless = { frames: [begin, said("This takes"), { ...end, delay_ms: 600000 }] };

await check("Stop ends the call at Bedrock, and leaves what had come", async () => {
  await script(endless);
  await say("Hello?");
  await bubbles("assistant").filter({ hasText: "This takes" }).waitFor();
  equal(0, (await control("/counters")).aborted ?? 0);
  await say("the next question");
  await page.locator("button", { hasText: "Stop" }).click();
  await rested();
  equal("the next question", await page.locator("textarea").inputValue());
  await eventually("aborted", async () => (await control("/counters")).aborted === 1);
  equal("This takes", await bubbles("assistant").innerText());
  equal(0, await bubbles("error").count());
  await talk("Again");
  equal(2, await bubbles("assistant").count());
});

await check("a reader who leaves ends the call at Bedrock", async () => {
  await script(endless);
  await say("Hello?");
  await bubbles("assistant").filter({ hasText: "This takes" }).waitFor();
  await page.goto("about:blank");
  await eventually("aborted", async () => (await control("/counters")).aborted === 1);
});

await check("Enter sends, Shift+Enter breaks the line, nothing is not sent", async () => {
  const text = page.locator("textarea");
  await text.press("Enter");
  equal(0, await bubbles("user").count());
  await text.fill("one");
  await text.press("Shift+Enter");
  await text.pressSequentially("two");
  await text.press("Enter");
  await rested();
  equal("one\ntwo", await bubbles("user").innerText());
});

await check("it fits a narrow screen, long words and long answers included; a picture is taken", async () => {
  await script({ frames: [begin, said("Herring and char.\n\n"), said("x".repeat(300)), end] });
  await talk("What lives in a fjord?");
  await script({ status: 400, json: { message: "That model rests today." } });
  await talk("And in a lagoon?");
  await control("/config", { stream_interval_ms: 20 });
  await talk("How deep is the lake, and what would you take along for a week there in late autumn?");
  await page.screenshot({ path: join(process.env.INTEROP_PICTURES, "chat.png") });
  await page.setViewportSize({ width: 340, height: 600 });
  equal(true, await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
  await page.screenshot({ path: join(process.env.INTEROP_PICTURES, "chat-narrow.png") });
  const { y, height } = await page.locator("button").boundingBox();
  equal(true, y + height <= 600);
});

await context.close();
rmSync(profile, { recursive: true, force: true });

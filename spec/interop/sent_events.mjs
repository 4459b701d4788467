// Random streams of server-sent events, and what eventsource-parser has come of them, a JSON line each:
//   node spec/interop/sent_events.mjs [SEED [COUNT]] | lua5.4 spec/interop/sent_events.lua
import { createRequire } from "node:module";

const require = createRequire(`${process.env.INTEROP_NODE}/`);
const { createParser } = require("eventsource-parser");

const [seed = 1, count = 500] = process.argv.slice(2).map(Number);

// Mulberry32: the same streams for the same seed.
let state = seed;
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const below = n => Math.floor(random() * n);
const pick = list => list[below(list.length)];
const many = (most, make) => Array.from({ length: below(most + 1) }, make).join("");

const ENDS = ["\n", "\n", "\r", "\r\n"];
const NAMES = ["data", "data", "data", "event", "id", "retry", "", "Data", "dat", "datas", " data", "\ufeffdata", "é"];
const PIECES = [" ", "  ", ":", "x", "data", "[DONE]", '{"a":1}', "\0", "\t", "é", "\u{1f600}", "\ufeff", "0", "12", "-", "."];
const value = name => name === "retry" && random() < 0.7 ? String(below(100000)) : many(4, () => pick(PIECES));
const separator = () => pick([":", ":", ": ", ": ", ":  ", " :", ""]);

function field() {
  const name = pick(NAMES);
  return name + separator() + value(name);
}

function stream() {
  const end = random() < 0.5 ? pick(ENDS) : null;
  const line = () => (random() < 0.35 ? "" : field()) + (end ?? pick(ENDS));
  // The comment at the end shows that a CR before it ended a line.
  return (random() < 0.1 ? "\ufeff" : "") + many(30, line) + ":";
}

// An event's own id, and the retry that was told last.
function events(text) {
  const list = [];
  let retry;
  const parser = createParser({
    onEvent: ({ event = "message", data, id }) => list.push({ event, data, id, retry }),
    onRetry: ms => { retry = ms; },
  });
  parser.feed(text.replace(/^\ufeff/, ""));
  return list;
}

for (let i = 0; i < count; i++) {
  const text = stream();
  console.log(JSON.stringify({ body64: Buffer.from(text).toString("base64"), events: events(text) }));
}

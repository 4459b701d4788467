// OpenAI's own JavaScript client against the example gateway.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.INTEROP_NODE}/`);
const OpenAI = require("openai");
const client = new OpenAI({ baseURL: `${process.env.GATEWAY}/v1`, apiKey: "any", maxRetries: 0 });

const ask = (content, more) => ({ model: "default", messages: [{ role: "user", content }], ...more });
const tools = [{
  type: "function",
  function: {
    name: "weather",
    description: "The weather",
    parameters: { type: "object", properties: { city: { type: "string" } } },
  },
}];

function equal(expected, got) {
  if (expected !== got) throw new Error(`expected ${expected}, got ${got}`);
}

async function check(name, run) {
  try {
    await run();
    console.log(`ok - ${name}`);
  } catch (error) {
    console.log(`not ok - ${name}: ${error.name}: ${error.message}`);
  }
}

await check("OpenAI's client: a completion", async () => {
  const answer = await client.chat.completions.create(ask("How deep is the lake?"));
  equal("You asked: How deep is the lake?", answer.choices[0].message.content.split("\n")[0]);
  equal("stop", answer.choices[0].finish_reason);
  equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
});

await check("OpenAI's client: a stream, with usage", async () => {
  const more = { stream: true, stream_options: { include_usage: true } };
  let text = "", usage;
  for await (const chunk of await client.chat.completions.create(ask("How deep?", more))) {
    text += chunk.choices[0]?.delta?.content ?? "";
    usage = chunk.usage ?? usage;
  }
  equal("You asked: How deep?", text.split("\n")[0]);
  equal(true, usage.total_tokens > 0);
});

await check("OpenAI's client: tools, whole and streamed, and their results", async () => {
  const answer = await client.chat.completions.create(ask("use tool please", { tools }));
  equal("tool_calls", answer.choices[0].finish_reason);
  const [call] = answer.choices[0].message.tool_calls;
  const streamed = await client.chat.completions.stream(ask("use tool please", { tools })).finalMessage();
  equal(call.function.name, streamed.tool_calls[0].function.name);
  equal(call.function.arguments, streamed.tool_calls[0].function.arguments);
  const { messages } = ask("use tool please");
  messages.push(answer.choices[0].message, { role: "tool", tool_call_id: call.id, content: "rain" });
  const end = await client.chat.completions.create({ model: "default", messages, tools });
  equal("assistant", end.choices[0].message.role);
});

await check("OpenAI's client: an error is its own BadRequestError", async () => {
  try {
    await client.chat.completions.create(ask("Hi", { model: "nonexistent.model" }));
  } catch (error) {
    equal(true, error instanceof OpenAI.BadRequestError);
    return;
  }
  throw new Error("it was answered");
});

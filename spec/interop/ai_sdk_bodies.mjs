// Has the conversations of conversations.json by the AI SDK and its provider for Bedrock, as their own
// documentation says, and prints the bodies that were sent, one conversation a line: for chat_adapters.py.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.INTEROP_NODE}/`);
const { generateText, jsonSchema, Output, stepCountIs, tool } = require("ai");
const { createAmazonBedrock } = require("@ai-sdk/amazon-bedrock");

globalThis.AI_SDK_LOG_WARNINGS = false;

const endpoint = JSON.parse(readFileSync(process.env.INTEROP_ENDPOINT));
// By API key, as its signatures leave out content-type, which the endpoint insists on.
const bedrock = createAmazonBedrock({
  region: "us-east-1",
  baseURL: endpoint.http,
  apiKey: endpoint.api_key,
});
const POINT = { bedrock: { cachePoint: { type: "default" } } };

async function control(method, path, value) {
  const body = value === undefined ? undefined : JSON.stringify(value);
  const answer = await fetch(endpoint.control + path, { method, body });
  return answer.json();
}

function rule(content) {
  const calls = content.some((block) => block.toolUse);
  return {
    match: { operation: "Converse" },
    action: {
      json: {
        output: { message: { role: "assistant", content } },
        stopReason: calls ? "tool_use" : "end_turn",
        usage: { inputTokens: 30, outputTokens: 12, totalTokens: 42 },
        metrics: { latencyMs: 42 },
      },
    },
  };
}

function toolsOf({ tools = [], results }) {
  return Object.fromEntries(
    tools.map(({ name, description, input }) => [
      name,
      tool({
        description,
        inputSchema: jsonSchema(input),
        execute: async (_, { toolCallId }) => {
          if (results[toolCallId].error) throw new Error(results[toolCallId].error);
          return results[toolCallId];
        },
      }),
    ]),
  );
}

function user(turn, { cache, citations }) {
  const content = [];
  if (turn.document) {
    const data = Buffer.from(turn.document, "base64");
    const cited = citations && { providerOptions: { bedrock: { citations: { enabled: true } } } };
    content.push({ type: "file", data, mediaType: "application/pdf", filename: "document.pdf", ...cited });
  }
  if (turn.image) {
    content.push({ type: "file", data: Buffer.from(turn.image, "base64"), mediaType: "image/png" });
  }
  content.push({ type: "text", text: turn.text });
  return { role: "user", content, ...(cache && { providerOptions: POINT }) };
}

function optionsOf(conversation) {
  const { guardrail, reasoning, schema } = conversation;
  const own = {};
  if (guardrail) {
    own.guardrailConfig = { guardrailIdentifier: guardrail.id, guardrailVersion: guardrail.version };
  }
  if (reasoning) own.reasoningConfig = { type: "enabled", budgetTokens: reasoning };
  return {
    maxOutputTokens: conversation.max_tokens,
    temperature: conversation.temperature,
    topP: conversation.top_p,
    stopSequences: conversation.stop,
    tools: conversation.tools && toolsOf(conversation),
    prepareStep: ({ stepNumber }) => ({
      toolChoice: conversation.tool_choice === "any" && stepNumber === 0 ? "required" : "auto",
    }),
    stopWhen: stepCountIs(10),
    providerOptions: { bedrock: own },
    ...(schema && { output: Output.object({ schema: jsonSchema(schema) }) }),
  };
}

async function have(conversation) {
  const { system, cache } = conversation;
  const messages = [];
  if (system) messages.push({ role: "system", content: system, ...(cache && { providerOptions: POINT }) });
  for (const turn of conversation.turns) {
    messages.push(user(turn, conversation));
    const answer = await generateText({
      model: bedrock(conversation.model),
      messages: [...messages],
      maxRetries: 0,
      allowSystemInMessages: true,
      ...optionsOf(conversation),
    });
    if (cache) delete messages.at(-1).providerOptions;
    messages.push(...answer.response.messages);
  }
}

const conversations = JSON.parse(readFileSync(new URL("conversations.json", import.meta.url)));
for (const conversation of conversations) {
  await control("POST", "/reset", {});
  await control("POST", "/script", conversation.answers.map(rule));
  await have(conversation);
  const sent = await control("GET", "/requests");
  const bodies = sent.map((request) => Buffer.from(request.body64, "base64").toString());
  console.log(JSON.stringify({ name: conversation.name, bodies }));
}

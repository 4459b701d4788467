// The AWS JavaScript SDK against the endpoint: static keys, a session token, and credentials from
// CreateSession.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Agent } from "node:https";

const require = createRequire(`${process.env.INTEROP_NODE}/`);
const { BedrockClient, ListFoundationModelsCommand, paginateListInferenceProfiles } =
  require("@aws-sdk/client-bedrock");
const { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand, InvokeModelCommand,
  InvokeModelWithResponseStreamCommand } = require("@aws-sdk/client-bedrock-runtime");
const { BedrockAgentRuntimeClient, InvokeAgentCommand } =
  require("@aws-sdk/client-bedrock-agent-runtime");
const { NodeHttpHandler } = require("@smithy/node-http-handler");

const endpoint = JSON.parse(readFileSync(process.env.INTEROP_ENDPOINT));
const issued = JSON.parse(process.env.INTEROP_CREDENTIALS);
const region = "ap-southeast-2";
const model = "amazon.nova-lite-v1:0";
const profile = `arn:aws:bedrock:${region}:123456789012:inference-profile/apac.${model}`;
const titan = "amazon.titan-text-express-v1";
const prompt = "How deep is the lake?";
const messages = [{ role: "user", content: [{ text: prompt }] }];

async function check(name, run) {
  try {
    await run();
    console.log(`ok - ${name}`);
  } catch (error) {
    console.log(`not ok - ${name}: ${error.name}: ${error.message}`);
  }
}

function equal(actual, expected) {
  if (actual !== expected) throw new Error(`${actual} is not ${expected}`);
}

function contains(text, part) {
  if (!text.includes(part)) throw new Error(`${part} is not in ${text}`);
}

function clients(credentials) {
  const httpsAgent = new Agent({ ca: readFileSync(endpoint.ca_file), keepAlive: true });
  const requestHandler = new NodeHttpHandler({ httpsAgent });
  const common = { region, endpoint: endpoint.https, credentials, requestHandler, maxAttempts: 1 };
  return {
    control: new BedrockClient(common),
    runtime: new BedrockRuntimeClient(common),
    agents: new BedrockAgentRuntimeClient(common),
  };
}

async function everything(label, credentials) {
  const { control, runtime, agents } = clients(credentials);
  const named = (name, run) => check(`JavaScript SDK, ${label}: ${name}`, run);
  const converse = async (modelId) =>
    (await runtime.send(new ConverseCommand({ modelId, messages }))).output.message.content[0].text;

  await named("list models", async () => {
    const { modelSummaries } = await control.send(new ListFoundationModelsCommand({}));
    if (modelSummaries.length < 12) throw new Error(`only ${modelSummaries.length}`);
    contains(modelSummaries[0].modelArn, region);
  });
  await named("pages of profiles", async () => {
    const ids = new Set();
    for await (const page of paginateListInferenceProfiles({ client: control, pageSize: 4 }, {})) {
      page.inferenceProfileSummaries.forEach((one) => ids.add(one.inferenceProfileId));
    }
    contains([...ids], "apac.amazon.nova-lite-v1:0");
  });
  await named("converse", async () => contains(await converse(model), prompt));
  await named("converse by profile ARN", async () => contains(await converse(profile), prompt));
  await named("converse stream", async () => {
    let text = "", last;
    const { stream } = await runtime.send(new ConverseStreamCommand({ modelId: model, messages }));
    for await (const event of stream) {
      text += event.contentBlockDelta?.delta.text ?? "";
      last = event;
    }
    equal(text, await converse(model));
    equal(last.metadata.metrics.latencyMs, 42);
  });
  await named("invoke model", async () => {
    const body = JSON.stringify({ inputText: prompt });
    const input = { modelId: titan, body, contentType: "application/json" };
    const answer = await runtime.send(new InvokeModelCommand(input));
    const whole = JSON.parse(new TextDecoder().decode(answer.body)).results[0].outputText;
    const streamed = await runtime.send(new InvokeModelWithResponseStreamCommand(input));
    let text = "";
    for await (const { chunk } of streamed.body) {
      text += JSON.parse(new TextDecoder().decode(chunk.bytes)).outputText;
    }
    equal(text, whole);
  });
  await named("invoke agent", async () => {
    const answer = await agents.send(new InvokeAgentCommand({ agentId: "AGENT12345",
      agentAliasId: "ALIAS12345", sessionId: "s-1", inputText: prompt, enableTrace: true }));
    equal(answer.sessionId, "s-1");
    const bytes = [];
    let traces = 0;
    for await (const event of answer.completion) {
      if (event.chunk) bytes.push(Buffer.from(event.chunk.bytes));
      if (event.trace) traces += 1;
    }
    contains(Buffer.concat(bytes).toString("utf8"), prompt);
    equal(traces, 2);
  });
}

async function refused(name, credentials, code) {
  await check(`JavaScript SDK: ${name}`, async () => {
    try {
      await clients(credentials).runtime.send(new ConverseCommand({ modelId: model, messages }));
    } catch (error) {
      return equal(error.name, code);
    }
    throw new Error("was not refused");
  });
}

const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, session } = endpoint;
await everything("static keys", { accessKeyId, secretAccessKey });
await everything("session token", {
  accessKeyId: session.access_key_id,
  secretAccessKey: session.secret_access_key,
  sessionToken: session.session_token,
});
await everything("credentials of CreateSession", issued);
const wrong = { accessKeyId, secretAccessKey: "wrong" };
await refused("wrong secret", wrong, "InvalidSignatureException");
await refused("wrong token", { ...issued, sessionToken: "x" }, "UnrecognizedClientException");

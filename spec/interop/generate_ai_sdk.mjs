// The bodies of InvokeModel that Vercel's AI SDK makes, compared with those of conn:generate for the same input.
//
//   generate_ai_sdk.mjs jobs     prints parameters of generate, one JSON object a line, for generated.lua
//   generate_ai_sdk.mjs check    reads what that sent, makes the same by @ai-sdk/amazon-bedrock, and compares
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { isDeepStrictEqual } from "node:util";

const require = createRequire(`${process.env.INTEROP_NODE}/`);
const { createAmazonBedrock } = require("@ai-sdk/amazon-bedrock");

const png = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), Buffer.alloc(40, 7)]);
const png64 = png.toString("base64");
const file = { type: "file", mediaType: "image/png", data: new Uint8Array(png) };
const ask = "How deep is the lake?";
const canvas = "amazon.nova-canvas-v1:0";
const titan = "amazon.titan-embed-text-v2:0";
const cohere = "cohere.embed-multilingual-v3";

const ANSWER = {
  images: [png64],
  embedding: [0.5],
  inputTextTokenCount: 1,
  embeddings: [[0.5], [0.25]],
};

// What a call would send; nothing is sent.
async function body_of(call) {
  let body;
  const bedrock = createAmazonBedrock({
    region: "eu-west-3",
    accessKeyId: "AKIDEXAMPLE0000000009",
    secretAccessKey: "not-a-real-one",
    fetch: async (_, init) => {
      body = JSON.parse(init.body);
      return new Response(JSON.stringify(ANSWER), { headers: { "content-type": "application/json" } });
    },
  });
  await call(bedrock);
  return body;
}

const image = (options) => (bedrock) => bedrock.imageModel(canvas).doGenerate({ n: 1, providerOptions: {}, ...options });
const embed = (model, values, options) => (bedrock) =>
  bedrock.embeddingModel(model).doEmbed({ values, providerOptions: { bedrock: options ?? {} } });

const cases = [
  [{ model: canvas, prompt: ask, negative_prompt: "people", width: 512, height: 768, count: 2, seed: 7 },
    image({ prompt: ask, n: 2, size: "512x768", seed: 7, providerOptions: { bedrock: { negativeText: "people" } } })],
  [{ model: canvas, task: "variation", images64: [png64, png64], prompt: ask, count: 1 },
    image({ prompt: ask, files: [file, file] })],
  [{ model: canvas, task: "inpainting", images64: [png64], mask64: [png64], prompt: ask, count: 1 },
    image({ prompt: ask, files: [file], mask: file })],
  [{ model: canvas, task: "inpainting", images64: [png64], mask_prompt: "the sail", count: 1 },
    image({ files: [file], providerOptions: { bedrock: { maskPrompt: "the sail" } } })],
  [{ model: canvas, task: "background_removal", images64: [png64] },
    image({ files: [file], providerOptions: { bedrock: { taskType: "BACKGROUND_REMOVAL" } } })],
  [{ model: titan, input: ask, dimensions: 256 }, embed(titan, [ask], { dimensions: 256 })],
  [{ model: cohere, input: [ask, "Be brief."], input_type: "search_query" }, embed(cohere, [ask, "Be brief."])],
];

if (process.argv[2] === "jobs") {
  for (const [given] of cases) console.log(JSON.stringify(given));
} else {
  const lines = readFileSync(0, "utf8").trim().split("\n");
  for (const [i, [given, call]] of cases.entries()) {
    const name = `the AI SDK's body: ${Object.keys(given).sort().join(", ")} of ${given.model}`;
    try {
      const ours = JSON.parse(lines[i]);
      const theirs = await body_of(call);
      if (!isDeepStrictEqual(ours.body, theirs)) {
        throw new Error(`${JSON.stringify(ours)} is not ${JSON.stringify(theirs)}`);
      }
      console.log(`ok - ${name}`);
    } catch (error) {
      console.log(`not ok - ${name}: ${error.message}`);
    }
  }
}

// The AWS JavaScript SDK with the credential_process of $AWS_PROFILE: prints the models that there are.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.INTEROP_NODE}/`);
const { BedrockClient, ListFoundationModelsCommand } = require("@aws-sdk/client-bedrock");
const { fromProcess } = require("@aws-sdk/credential-providers");

const endpoint = JSON.parse(readFileSync(process.env.INTEROP_ENDPOINT)).https;
const credentials = fromProcess({ profile: process.env.AWS_PROFILE });
const client = new BedrockClient({ region: "eu-west-3", endpoint, credentials, maxAttempts: 1 });
const { modelSummaries } = await client.send(new ListFoundationModelsCommand({}));
console.log(modelSummaries.map((model) => model.modelId).join("\n"));

"""boto3 against the endpoint: static keys, session token, API key, credentials of CreateSession."""

import json
import os

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from checks import ARNS, ENDPOINT, PKI, REGION, check, contains, control, equal, last_request
from iam_rolesanywhere_session import IAMRolesAnywhereSession

MODEL = "amazon.nova-lite-v1:0"
PROFILE_ARN = f"arn:aws:bedrock:{REGION}:123456789012:inference-profile/eu.amazon.nova-lite-v1:0"
AGENTCORE = f"arn:aws:bedrock-agentcore:{REGION}:123456789012"
PROMPT = "How deep is the lake?"
ONCE = Config(retries={"total_max_attempts": 1})


def messages(text=PROMPT):
    return [{"role": "user", "content": [{"text": text}]}]


class Bedrock:
    """The clients of one boto3 session."""

    def __init__(self, session):
        common = {
            "endpoint_url": ENDPOINT["https"],
            "verify": ENDPOINT["ca_file"],
            "region_name": REGION,
            "config": ONCE,
        }
        self.control = session.client("bedrock", **common)
        self.runtime = session.client("bedrock-runtime", **common)
        self.agents = session.client("bedrock-agent-runtime", **common)
        self.agentcore = session.client("bedrock-agentcore", **common)

    def list_models(self):
        models = self.control.list_foundation_models()["modelSummaries"]
        assert len(models) >= 12, len(models)
        contains(models[0]["modelArn"], f":{REGION}::foundation-model/")
        equal({m["providerName"] for m in models}, {"Amazon", "Anthropic", "Meta", "OpenAI"})

    def filter_models(self):
        models = self.control.list_foundation_models(byProvider="Amazon", byOutputModality="IMAGE")
        equal(len(models["modelSummaries"]), 2)

    def page_profiles(self):
        pages = list(
            self.control.get_paginator("list_inference_profiles").paginate(
                PaginationConfig={"PageSize": 3}
            )
        )
        ids = [p["inferenceProfileId"] for page in pages for p in page["inferenceProfileSummaries"]]
        assert len(pages) > 2 and len(ids) == len(set(ids)), ids
        contains(ids, "eu.amazon.nova-lite-v1:0")
        contains(pages[0]["nextToken"], "+")

    def other_lists(self):
        equal(len(self.control.list_custom_models()["modelSummaries"]), 1)
        equal(len(self.control.list_imported_models()["modelSummaries"]), 1)
        equal(
            len(self.control.list_provisioned_model_throughputs()["provisionedModelSummaries"]), 1
        )

    def converse(self, model=MODEL):
        answer = self.runtime.converse(modelId=model, messages=messages())
        contains(answer["output"]["message"]["content"][0]["text"], PROMPT)
        equal(answer["stopReason"], "end_turn")
        equal(
            answer["usage"]["totalTokens"],
            answer["usage"]["inputTokens"] + answer["usage"]["outputTokens"],
        )

    def count_tokens(self):
        given = {"converse": {"messages": messages()}}
        equal(self.runtime.count_tokens(modelId=MODEL, input=given)["inputTokens"], 5)

    def malformed(self):
        for body in (b"not json", b"[]", b'{"messages":"x"}', b'{"messages":[{"content":1}]}'):
            try:
                self.runtime.invoke_model(modelId=MODEL, body=body)
            except ClientError as error:
                equal(error.response["Error"]["Code"], "ValidationException")
            else:
                raise AssertionError(f"{body} was not refused")

    def converse_tool(self):
        schema = {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        }
        tools = {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": schema}}}]}
        content = self.runtime.converse(
            modelId=MODEL, messages=messages("please use tool"), toolConfig=tools
        )["output"]["message"]["content"]
        equal(content[1]["toolUse"]["input"], {"city": "example", "days": 42})
        pieces = [
            e["contentBlockDelta"]["delta"]["toolUse"]["input"]
            for e in self.runtime.converse_stream(
                modelId=MODEL, messages=messages("please use tool"), toolConfig=tools
            )["stream"]
            if "toolUse" in e.get("contentBlockDelta", {}).get("delta", {})
        ]
        assert len(pieces) > 1, pieces
        equal(json.loads("".join(pieces)), {"city": "example", "days": 42})

    def converse_stream(self):
        whole = self.runtime.converse(modelId=MODEL, messages=messages())
        events = list(self.runtime.converse_stream(modelId=MODEL, messages=messages())["stream"])
        names = [next(iter(event)) for event in events]
        equal((names[0], names[-2:]), ("messageStart", ["messageStop", "metadata"]))
        text = "".join(
            e["contentBlockDelta"]["delta"]["text"] for e in events if "contentBlockDelta" in e
        )
        equal(text, whole["output"]["message"]["content"][0]["text"])
        equal(events[-1]["metadata"]["usage"], whole["usage"])

    def invoke(self, model, body):
        answer = self.runtime.invoke_model(modelId=model, body=json.dumps(body))
        equal(answer["contentType"], "application/json")
        return json.loads(answer["body"].read())

    def invoke_stream(self, model, body):
        stream = self.runtime.invoke_model_with_response_stream(
            modelId=model, body=json.dumps(body)
        )
        return [json.loads(event["chunk"]["bytes"]) for event in stream["body"]]

    def invoke_nova(self):
        body = {"messages": messages()}
        whole = self.invoke(MODEL, body)["output"]["message"]["content"][0]["text"]
        pieces = self.invoke_stream(MODEL, body)
        text = "".join(
            p["contentBlockDelta"]["delta"]["text"] for p in pieces if "contentBlockDelta" in p
        )
        equal(text, whole)

    def invoke_titan(self):
        body = {"inputText": PROMPT}
        whole = self.invoke("amazon.titan-text-express-v1", body)["results"][0]["outputText"]
        equal(
            "".join(
                p["outputText"] for p in self.invoke_stream("amazon.titan-text-express-v1", body)
            ),
            whole,
        )

    def invoke_embedding(self):
        body = {"inputText": PROMPT, "dimensions": 256}
        equal(len(self.invoke("amazon.titan-embed-text-v2:0", body)["embedding"]), 256)

    def invoke_image(self):
        body = {
            "taskType": "TEXT_IMAGE",
            "textToImageParams": {"text": PROMPT},
            "imageGenerationConfig": {"numberOfImages": 2},
        }
        images = self.invoke("amazon.nova-canvas-v1:0", body)["images"]
        equal((len(images), images[0][:11]), (2, "iVBORw0KGgo"))

    def invoke_anthropic(self):
        body = {
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": 5,
            "messages": [{"role": "user", "content": PROMPT}],
        }
        model = "anthropic.claude-3-haiku-20240307-v1:0"
        whole = self.invoke(model, body)
        equal(whole["stop_reason"], "max_tokens")
        pieces = self.invoke_stream(model, body)
        text = "".join(p["delta"]["text"] for p in pieces if p["type"] == "content_block_delta")
        equal(text, whole["content"][0]["text"])

    def invoke_llama(self):
        body = {"prompt": PROMPT}
        model = "meta.llama3-1-8b-instruct-v1:0"
        whole = self.invoke(model, body)["generation"]
        equal("".join(p["generation"] for p in self.invoke_stream(model, body)), whole)

    def invoke_openai(self):
        body = {"messages": [{"role": "user", "content": PROMPT}]}
        model = "openai.gpt-oss-20b-1:0"
        whole = self.invoke(model, body)["choices"][0]["message"]["content"]
        pieces = self.invoke_stream(model, body)
        equal("".join(p["choices"][0]["delta"].get("content", "") for p in pieces), whole)

    def invoke_agent(self):
        answer = self.agents.invoke_agent(
            agentId="AGENT12345",
            agentAliasId="ALIAS12345",
            sessionId="s-1",
            inputText=PROMPT,
            enableTrace=True,
            memoryId="m-1",
        )
        equal(answer["memoryId"], "m-1")
        equal((answer["sessionId"], answer["contentType"]), ("s-1", "application/json"))
        events = list(answer["completion"])
        text = b"".join(e["chunk"]["bytes"] for e in events if "chunk" in e).decode()
        contains(text, PROMPT)
        traces = [e["trace"]["trace"]["orchestrationTrace"] for e in events if "trace" in e]
        equal(["rationale" in traces[0], "modelInvocationOutput" in traces[1]], [True, True])

    def ask_agent(self, **more):
        return list(
            self.agents.invoke_agent(
                agentId="AGENT12345", agentAliasId="ALIAS12345", sessionId="s-2", **more
            )["completion"]
        )

    def return_control(self):
        events = self.ask_agent(inputText="please use tools, make a file and cite")
        for body in ("rain", "a trip"):
            control = events[0]["returnControl"]
            results = []
            for wanted in control["invocationInputs"]:
                kind = "apiResult" if "apiInvocationInput" in wanted else "functionResult"
                given = next(iter(wanted.values()))
                names = ("actionGroup", "function", "apiPath", "httpMethod")
                result = {name: given[name] for name in names if name in given}
                results.append({kind: result | {"responseBody": {"TEXT": {"body": body}}}})
            state = {
                "invocationId": control["invocationId"],
                "returnControlInvocationResults": results,
            }
            events = self.ask_agent(sessionState=state)
        chunks = [e["chunk"] for e in events if "chunk" in e]
        equal(b"".join(c["bytes"] for c in chunks).decode(), "I was told: rain; rain; a trip")
        equal(len(chunks[0]["attribution"]["citations"]), 1)
        files = [f for e in events if "files" in e for f in e["files"]["files"]]
        equal([f["name"] for f in files], ["table.csv"])

    def ask_harness(self, *asked):
        return list(
            self.agentcore.invoke_harness(
                harnessArn=f"{AGENTCORE}:harness/demo-abcdefghij",
                runtimeSessionId="s" * 33,
                messages=list(asked),
            )["stream"]
        )

    def invoke_harness(self):
        events = self.ask_harness({"role": "user", "content": [{"text": "use tool"}]})
        starts = [e["contentBlockStart"]["start"] for e in events if "contentBlockStart" in e]
        use = starts[0]["toolUse"]
        equal(events[-2]["messageStop"]["stopReason"], "tool_use")
        result = {"toolUseId": use["toolUseId"], "content": [{"text": "7"}], "status": "success"}
        events = self.ask_harness({"role": "user", "content": [{"toolResult": result}]})
        deltas = [e["contentBlockDelta"]["delta"] for e in events if "contentBlockDelta" in e]
        equal("".join(d["text"] for d in deltas), "The tool said (success): 7")

    def invoke_runtime(self):
        arn = f"{AGENTCORE}:runtime/demo-abcdefghij"
        common = {"agentRuntimeArn": arn, "runtimeSessionId": "s" * 33}
        payload = json.dumps({"prompt": PROMPT})
        answer = self.agentcore.invoke_agent_runtime(payload=payload, **common)
        contains(json.loads(answer["response"].read())["result"], PROMPT)
        answer = self.agentcore.invoke_agent_runtime(payload='{"prompt": "stream"}', **common)
        equal(answer["contentType"], "text/event-stream")
        lines = answer["response"].read().decode().split("\n\n")
        contains("".join(json.loads(x[6:]) for x in lines if x), "You asked: stream")
        equal(self.agentcore.stop_runtime_session(**common)["runtimeSessionId"], "s" * 33)

    def knowledge_base(self):
        pages = self.agents.get_paginator("retrieve").paginate(
            knowledgeBaseId="KB12345678", retrievalQuery={"text": PROMPT}
        )
        equal([len(page["retrievalResults"]) for page in pages], [2, 2, 1])
        settings = {"knowledgeBaseId": "KB12345678", "modelArn": MODEL}
        asked = {
            "input": {"text": PROMPT},
            "retrieveAndGenerateConfiguration": {
                "type": "KNOWLEDGE_BASE",
                "knowledgeBaseConfiguration": settings,
            },
        }
        whole = self.agents.retrieve_and_generate(**asked)
        answer = self.agents.retrieve_and_generate_stream(sessionId=whole["sessionId"], **asked)
        equal(answer["sessionId"], whole["sessionId"])
        events = list(answer["stream"])
        text = "".join(e["output"]["text"] for e in events if "output" in e)
        equal(text, whole["output"]["text"])


def everything(label, session):
    bedrock = Bedrock(session)
    for name in (
        "list_models",
        "filter_models",
        "page_profiles",
        "other_lists",
        "converse",
        "count_tokens",
        "malformed",
        "converse_tool",
        "converse_stream",
        "invoke_nova",
        "invoke_titan",
        "invoke_embedding",
        "invoke_image",
        "invoke_anthropic",
        "invoke_llama",
        "invoke_openai",
        "invoke_agent",
        "return_control",
        "invoke_harness",
        "invoke_runtime",
        "knowledge_base",
    ):
        check(f"boto3, {label}: {name}", getattr(bedrock, name))
    check(f"boto3, {label}: converse by profile ARN", bedrock.converse, PROFILE_ARN)


def api_key():
    os.environ["AWS_BEARER_TOKEN_BEDROCK"] = ENDPOINT["api_key"]
    try:
        bedrock = Bedrock(boto3.Session())
        bedrock.runtime.converse(modelId=MODEL, messages=messages())
        header = dict(last_request()["headers"])["authorization"]
        contains(header, "Bearer ")
    finally:
        del os.environ["AWS_BEARER_TOKEN_BEDROCK"]


def roles_anywhere(kind, **more):
    settings = {
        "certificate": str(PKI / f"{kind}.crt.pem"),
        "private_key": str(PKI / f"{kind}.key.pkcs8.pem"),
        "certificate_chain": str(PKI / "intermediate.pem"),
        "region": REGION,
        "endpoint": ENDPOINT["https"].removeprefix("https://"),
        "verify": ENDPOINT["ca_file"],
        "role_session_name": "interop",
    }
    return IAMRolesAnywhereSession(**ARNS, **settings | more).get_session()


def exchange_then_converse(kind):
    session = roles_anywhere(kind)
    Bedrock(session).converse()
    assert session.get_credentials().access_key.startswith("ASIA")


def expired_token():
    session = roles_anywhere("p256")
    credentials = session.get_credentials().get_frozen_credentials()
    control("POST", "/expire", {})
    fixed = boto3.Session(
        aws_access_key_id=credentials.access_key,
        aws_session_token=credentials.token,
        aws_secret_access_key=credentials.secret_key,
    )
    refused("ExpiredTokenException", fixed)


def refused(code, session):
    try:
        Bedrock(session).converse()
    except ClientError as error:
        equal(error.response["Error"]["Code"], code)
    else:
        raise AssertionError("was not refused")


def session_name_refused():
    control("POST", "/config", {"accept_session_names": False})
    try:
        try:
            roles_anywhere("p256").get_credentials().get_frozen_credentials()
        except Exception as error:
            contains(str(error), "Not authorized to set roleSessionName.")
        else:
            raise AssertionError("was not refused")
        roles_anywhere("p256", role_session_name=None).get_credentials().get_frozen_credentials()
    finally:
        control("POST", "/config", {"accept_session_names": True})


def stream_exception():
    control(
        "POST",
        "/script",
        [
            {
                "match": {"operation": "ConverseStream"},
                "action": {
                    "frames": [
                        {"event": "messageStart", "json": {"role": "assistant"}},
                        {"exception": "throttlingException", "json": {"message": "slow down"}},
                    ]
                },
            }
        ],
    )
    runtime = Bedrock(STATIC).runtime
    try:
        list(runtime.converse_stream(modelId=MODEL, messages=messages())["stream"])
    except ClientError as error:
        equal(error.response["Error"], {"Code": "throttlingException", "Message": "slow down"})
    else:
        raise AssertionError("no exception came")


STATIC = boto3.Session(
    aws_access_key_id=ENDPOINT["access_key_id"], aws_secret_access_key=ENDPOINT["secret_access_key"]
)
TOKEN = ENDPOINT["session"]
everything("static keys", STATIC)
everything(
    "session token",
    boto3.Session(
        aws_access_key_id=TOKEN["access_key_id"],
        aws_secret_access_key=TOKEN["secret_access_key"],
        aws_session_token=TOKEN["session_token"],
    ),
)
for key_kind in ("rsa2048", "rsa4096", "p256", "p384", "p521"):
    check(f"CreateSession with {key_kind}, then converse", exchange_then_converse, key_kind)
everything("credentials of CreateSession", roles_anywhere("p256"))
check("API key", api_key)
check("a profile that refuses session names", session_name_refused)
check("expired credentials", expired_token)
check(
    "wrong secret",
    refused,
    "InvalidSignatureException",
    boto3.Session(aws_access_key_id=ENDPOINT["access_key_id"], aws_secret_access_key="wrong"),
)
check(
    "unknown access key",
    refused,
    "UnrecognizedClientException",
    boto3.Session(aws_access_key_id="AKIDEXAMPLE0000000009", aws_secret_access_key="wrong"),
)
check(
    "session token missing",
    refused,
    "UnrecognizedClientException",
    boto3.Session(
        aws_access_key_id=TOKEN["access_key_id"], aws_secret_access_key=TOKEN["secret_access_key"]
    ),
)
check("an exception in mid-stream", stream_exception)

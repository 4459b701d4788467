"""LangChain's bodies of InvokeModel, compared with those of conn:generate for the same input.

generate_langchain.py jobs     prints parameters of generate, one JSON object a line, for generated.lua
generate_langchain.py check    reads what that sent, sends the same by langchain-aws, and compares
"""

import base64
import json
import logging
import re
import sys

import boto3
from botocore.config import Config
from checks import ENDPOINT, REGION, check, equal, last_request
from langchain_aws import BedrockEmbeddings, BedrockLLM, ChatBedrock
from langchain_core.messages import HumanMessage, SystemMessage

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(40))
PNG64 = base64.b64encode(PNG).decode()
ASK, RULE = "How deep is the lake?", "Be brief."
CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0"

logging.disable(logging.CRITICAL)
runtime = boto3.Session(
    aws_access_key_id=ENDPOINT["access_key_id"],
    aws_secret_access_key=ENDPOINT["secret_access_key"],
).client(
    "bedrock-runtime",
    endpoint_url=ENDPOINT["https"],
    verify=ENDPOINT["ca_file"],
    region_name=REGION,
    config=Config(retries={"total_max_attempts": 1}),
)


def chat(model, content=ASK, system=RULE, **settings):
    def send():
        messages = [SystemMessage(system)] if system else []
        ChatBedrock(
            model=model, client=runtime, beta_use_converse_api=False, region_name=REGION, **settings
        ).invoke([*messages, HumanMessage(content)])

    return send


def complete(model, **settings):
    return lambda: BedrockLLM(
        model=model, client=runtime, region_name=REGION, **settings
    ).invoke(ASK)


def embedder(model, **settings):
    return BedrockEmbeddings(model_id=model, client=runtime, region_name=REGION, **settings)


def texts(model, **settings):
    return lambda: embedder(model, **settings).embed_documents([ASK, RULE])


def one_text(model, **settings):
    return lambda: embedder(model, **settings).embed_query(ASK)


def picture(model, **settings):
    return lambda: embedder(model, **settings).embed_image(PNG)


IMAGE_PART = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": PNG64},
}

# Parameters of generate, what sends the same, and the members that AWS documents and only we send.
CASES = [
    (
        {"model": CLAUDE, "prompt": ASK, "system": RULE, "max_tokens": 20, "temperature": 0.5},
        chat(CLAUDE, max_tokens=20, temperature=0.5),
    ),
    (
        {"model": CLAUDE, "prompt": ASK, "images64": [PNG64], "max_tokens": 20},
        chat(CLAUDE, [IMAGE_PART, {"type": "text", "text": ASK}], None, max_tokens=20),
    ),
    (
        {"model": CLAUDE, "prompt": ASK, "max_tokens": 4000, "reasoning": 2000},
        chat(
            CLAUDE,
            system=None,
            max_tokens=4000,
            model_kwargs={"thinking": {"type": "enabled", "budget_tokens": 2000}},
        ),
    ),
    (
        {
            "model": "meta.llama3-1-8b-instruct-v1:0",
            "prompt": ASK,
            "system": RULE,
            "max_tokens": 20,
            "temperature": 0.5,
        },
        chat("meta.llama3-1-8b-instruct-v1:0", max_tokens=20, temperature=0.5),
    ),
    (
        {"model": "meta.llama4-scout-17b-instruct-v1:0", "prompt": ASK, "max_tokens": 20},
        chat("meta.llama4-scout-17b-instruct-v1:0", system=None, max_tokens=20),
    ),
    (
        {
            "model": "mistral.mistral-7b-instruct-v0:2",
            "prompt": ASK,
            "max_tokens": 20,
            "temperature": 0.5,
            "top_k": 5,
        },
        chat(
            "mistral.mistral-7b-instruct-v0:2",
            system=None,
            max_tokens=20,
            temperature=0.5,
            model_kwargs={"top_k": 5},
        ),
    ),
    (
        {
            "model": "openai.gpt-oss-20b-1:0",
            "prompt": ASK,
            "system": RULE,
            "max_tokens": 20,
            "temperature": 0.5,
        },
        chat("openai.gpt-oss-20b-1:0", max_tokens=20, temperature=0.5),
    ),
    (
        {"model": "qwen.qwen3-32b-v1:0", "prompt": ASK, "system": RULE, "max_tokens": 20},
        chat("qwen.qwen3-32b-v1:0", max_tokens=20),
    ),
    (
        {"model": "amazon.titan-text-express-v1", "prompt": ASK, "max_tokens": 20, "temperature": 0.5},
        complete("amazon.titan-text-express-v1", max_tokens=20, temperature=0.5),
    ),
    (
        {"model": "amazon.titan-embed-text-v2:0", "input": ASK, "dimensions": 256},
        one_text("amazon.titan-embed-text-v2:0", dimensions=256),
    ),
    (
        {"model": "amazon.titan-embed-image-v1", "images64": [PNG64], "dimensions": 384},
        picture("amazon.titan-embed-image-v1", dimensions=384),
    ),
    (
        {"model": "cohere.embed-english-v3", "input": [ASK, RULE]},
        texts("cohere.embed-english-v3"),
    ),
    (
        {"model": "cohere.embed-english-v3", "input": ASK, "input_type": "search_query"},
        one_text("cohere.embed-english-v3"),
    ),
    (
        {"model": "cohere.embed-v4:0", "input": [ASK, RULE], "dimensions": 256},
        texts("cohere.embed-v4:0", dimensions=256),
        {"embedding_types"},
    ),
    (
        {"model": "amazon.nova-2-multimodal-embeddings-v1:0", "input": ASK, "dimensions": 384},
        one_text("amazon.nova-2-multimodal-embeddings-v1:0", dimensions=384),
        {"schemaVersion", "truncationMode"},
    ),
    (
        {"model": "amazon.nova-2-multimodal-embeddings-v1:0", "images64": [PNG64], "dimensions": 384},
        picture("amazon.nova-2-multimodal-embeddings-v1:0", dimensions=384),
        {"schemaVersion", "detailLevel"},
    ),
    (
        {"model": "twelvelabs.marengo-embed-3-0-v1:0", "images64": [PNG64]},
        picture("twelvelabs.marengo-embed-3-0-v1:0"),
    ),
]


def alike(body, without):
    """A body in the form that both can have: a text alone is a part, templates have no white space."""
    if isinstance(body, list):
        return [alike(value, without) for value in body]
    if not isinstance(body, dict):
        return body
    result = {name: alike(value, without) for name, value in body.items() if name not in without}
    if isinstance(result.get("content"), str):
        result["content"] = [{"type": "text", "text": result["content"]}]
    if isinstance(result.get("prompt"), str):
        result["prompt"] = re.sub(r"\s+|<s>", "", result["prompt"])
    return result


def compare(ours, send, without=frozenset()):
    if "error" in ours:
        raise AssertionError(ours["error"])
    send()
    theirs = json.loads(base64.b64decode(last_request()["body64"]))
    equal(alike(ours["body"], without), alike(theirs, without))


if sys.argv[1] == "jobs":
    for case in CASES:
        print(json.dumps(case[0]))
else:
    for case, line in zip(CASES, sys.stdin.read().splitlines(), strict=True):
        name = ", ".join(sorted(case[0])) + " of " + case[0]["model"]
        check("LangChain's body: " + name, compare, json.loads(line), *case[1:])

--- StartAsyncInvoke and GetAsyncInvoke: a task is in progress when it is first looked at, and then done; one whose
--- prompt says "fail" fails.
-- luacheck: std ngx_lua
local fixtures = require "server.fixtures"
local json = require "server.json"
local refusal = require "server.refusal"

local CREATED = "2025-03-01T12:00:00Z"

local async = { operations = {} }

local tasks = {}

local function prompt_of(input)
    local params = input.textToVideoParams or input.multiShotAutomatedParams or {}
    return input.prompt or params.text
end

async.operations["bedrock-runtime.StartAsyncInvoke"] = function(request, who)
    local body = json.decode(request.body)
    local input = type(body) == "table" and body.modelInput
    local place = input and body.outputDataConfig and body.outputDataConfig.s3OutputDataConfig
    if not place or type(place.s3Uri) ~= "string" then
        refusal.validation "The outputDataConfig is missing."
    elseif type(prompt_of(input)) ~= "string" then
        refusal.validation "Malformed input request: the prompt is missing."
    end
    local id = "task" .. (#tasks + 1)
    local arn = ("arn:aws:bedrock:%s:%s:async-invoke/%s"):format(who.region or "us-east-1", fixtures.account, id)
    tasks[#tasks + 1], tasks[arn] = arn, { looks = 0, fails = prompt_of(input):find("fail", 1, true) ~= nil,
        uri = place.s3Uri:gsub("/$", "") .. "/" .. id, model = body.modelId }
    return { body = json.encode { invocationArn = arn } }
end

async.operations["bedrock-runtime.GetAsyncInvoke"] = function(_, who, labels)
    local task = tasks[labels[1]]
    if not task then
        refusal.raise(404, "ResourceNotFoundException", "The invocation was not found.")
    end
    task.looks = task.looks + 1
    local status = task.looks == 1 and "InProgress" or task.fails and "Failed" or "Completed"
    return { body = json.encode {
        invocationArn = labels[1],
        modelArn = ("arn:aws:bedrock:%s::foundation-model/%s"):format(who.region or "us-east-1", task.model),
        status = status,
        failureMessage = status == "Failed" and "The prompt was held back by a filter." or nil,
        submitTime = CREATED,
        lastModifiedTime = CREATED,
        endTime = status ~= "InProgress" and CREATED or nil,
        outputDataConfig = { s3OutputDataConfig = { s3Uri = task.uri } },
    } }
end

return async

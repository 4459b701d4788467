--- bedrock-mantle: OpenAI's Responses API, as far as a client of requests and of server-sent events can tell.
--- https://docs.aws.amazon.com/bedrock/latest/userguide/bedrock-mantle.html
local json = require "server.json"
local prose = require "server.prose"
local refusal = require "server.refusal"

local mantle = { operations = {} }

--- Paths that no model describes.
mantle.routes = {
    { "bedrock-mantle", "POST", "/v1/responses", "CreateResponse" },
    { "bedrock-mantle", "POST", "/openai/v1/responses", "CreateResponse" },
    { "bedrock-mantle", "GET", "/v1/models", "ListModels" },
}

local function response(input, text)
    return {
        id = "resp_1", object = "response", status = text and "completed" or "in_progress", model = input.model,
        output = text and { {
            type = "message", role = "assistant", content = { { type = "output_text", text = text } },
        } } or nil,
    }
end

local function stream(input, text)
    return function(write)
        local function event(name, data)
            data.type = name
            write("event: " .. name .. "\ndata: " .. json.encode(data) .. "\n\n")
        end
        event("response.created", { response = response(input) })
        for _, word in ipairs(prose.words(text)) do
            event("response.output_text.delta", { delta = word })
        end
        event("response.completed", { response = response(input, text) })
    end
end

mantle.operations["bedrock-mantle.CreateResponse"] = function(request)
    local input = json.decode(request.body)
    if type(input) ~= "table" or type(input.model) ~= "string" or type(input.input) ~= "string" then
        refusal.validation "model and input must be given"
    end
    local text = prose.reply(input.input)
    if input.stream then
        return { headers = { ["Content-Type"] = "text/event-stream" }, stream = stream(input, text) }
    end
    return { body = json.encode(response(input, text)) }
end

mantle.operations["bedrock-mantle.ListModels"] = function()
    return { body = json.encode { object = "list", data = { { id = "openai.gpt-oss-20b", object = "model" } } } }
end

return mantle

--- The chunks of InvokeModelWithResponseStream: bodies of the model's own, as its provider documents them. What the
--- chunks look like tells whose they are, as the name of a profile or an imported model need not.
local model_chunks = {}

--- Of errors that a body tells.
local CODE_MAX, MESSAGE_MAX = 64, 1000

local function is_text(value)
    return type(value) == "string" and value ~= ""
end

local function is_table(value)
    return type(value) == "table"
end

local ANTHROPIC = {
    content_block_delta = true,
    content_block_start = true,
    content_block_stop = true,
    message_delta = true,
    message_start = true,
    message_stop = true,
}

--- A shape tells of a chunk that it is of that shape (`fits`), and that it is the last (`ends`). A `list` has parts
--- with an index each, all of which must end. `strict`: nothing else can stand for the last one.
local SHAPES = {
    { -- Anthropic, Messages
        strict = true,
        fits = function(json)
            return ANTHROPIC[json.type]
        end,
        ends = function(json)
            return json.type == "message_stop"
        end,
    },
    { -- Amazon Nova
        strict = true,
        fits = function(json)
            local delta = json.contentBlockDelta
            return is_table(json.messageStart) or is_table(json.messageStop)
                or is_table(delta) and is_table(delta.delta)
        end,
        ends = function(json)
            return is_table(json.messageStop)
        end,
    },
    { -- OpenAI, and as it: Mistral's chat, DeepSeek, Qwen, AI21 Jamba, Writer
        list = "choices",
        ends = function(choice)
            return is_text(choice.finish_reason) or is_text(choice.stop_reason)
        end,
    },
    { -- Mistral, text
        list = "outputs",
        ends = function(output)
            return is_text(output.stop_reason)
        end,
    },
    { -- Meta Llama
        fits = function(json)
            return type(json.generation) == "string"
        end,
        ends = function(json)
            return is_text(json.stop_reason)
        end,
    },
    { -- Amazon Titan Text
        fits = function(json)
            return type(json.outputText) == "string"
        end,
        ends = function(json)
            return is_text(json.completionReason)
        end,
    },
    { -- Anthropic, Text Completions
        fits = function(json)
            return type(json.completion) == "string"
        end,
        ends = function(json)
            return is_text(json.stop_reason)
        end,
    },
    { -- TwelveLabs Pegasus
        fits = function(json)
            return type(json.message) == "string" and type(json.stopReason) == "string"
        end,
        ends = function(json)
            return json.stopReason ~= ""
        end,
    },
    { -- Cohere Command
        fits = function(json)
            return type(json.is_finished) == "boolean"
        end,
        ends = function(json)
            return json.is_finished == true
        end,
    },
}

local function parts_of(json, shape)
    local list = json[shape.list]
    return is_table(list) and is_table(list[1]) and list
end

local function shape_of(json)
    for _, shape in ipairs(SHAPES) do
        if shape.list and parts_of(json, shape) or shape.fits and shape.fits(json) then
            return shape
        end
    end
end

--- Bedrock's own last word, with the last chunk of every model.
local METRICS = "amazon-bedrock-invocationMetrics"

local Ending = {}
Ending.__index = Ending

--- Parts that came and did not end yet are counted.
local function see_parts(self, list, shape)
    for _, part in ipairs(list) do
        if is_table(part) then
            local index = part.index or 0
            if self.parts[index] == nil then
                self.parts[index] = true
                self.open = self.open + 1
            end
            if self.parts[index] and shape.ends(part) then
                self.parts[index] = false
                self.open = self.open - 1
            end
        end
    end
    return next(self.parts) ~= nil and self.open == 0
end

--- Whether the chunk is the last, as far as its shape is known.
local function is_last(self, json)
    self.shape = self.shape or shape_of(json)
    local shape = self.shape
    local said = json[METRICS] ~= nil and not (shape and shape.strict)
    if not shape then
        return said
    end
    self.complete = self.complete or false
    local list = shape.list and parts_of(json, shape)
    if list then
        return see_parts(self, list, shape) or said
    end
    return said or not shape.list and shape.ends(json)
end

--- Where a body tells of an error, if it does: {"type":"error","error":{…}} of Anthropic's, {"error":{…}} of
--- OpenAI's, and the forms of its Responses; {"error":"…","error_type":"…"} of AgentCore's SDK.
local function told_error(json)
    local said = json.error
    if json.type == "response.failed" and is_table(json.response) then
        said = json.response.error
    end
    if is_text(said) then
        return { type = json.error_type, message = said }
    elseif is_table(said) and next(said) ~= nil then
        return said
    elseif json.type == "error" then
        return { code = json.code, message = json.message }
    end
end

local function is_code(value)
    return type(value) == "string" and #value <= CODE_MAX and value:find "^[%w_.:-]+$" ~= nil
end

local function shortened(text)
    if #text <= MESSAGE_MAX then
        return text
    end
    return (text:sub(1, MESSAGE_MAX):gsub("[\192-\255][\128-\191]*$", "")) .. "…"
end

--- What a body tells that is an error: {code, message, fields}.
--- @param json any
--- @return table?
function model_chunks.fault_of(json)
    local said = is_table(json) and told_error(json)
    if not said then
        return nil
    end
    return {
        code = is_code(said.type) and said.type or is_code(said.code) and said.code or "ModelError",
        message = shortened(is_text(said.message) and said.message or "the model ended its answer with an error"),
        fields = json,
    }
end

--- @param event table of the name "chunk"; its `json` is the body, if it is one
--- @return table? fault the stream ends with that error
function Ending:see(_, event)
    local json = event.json
    self.empty = false
    if not is_table(json) then
        return nil
    end
    local fault = model_chunks.fault_of(json)
    if not fault and is_last(self, json) then
        self.complete = true
    end
    return fault
end

--- A stream of chunks that has none is of no model's.
function Ending:is_missing()
    return self.empty or self.complete == false
end

--- Follows a stream to its end. `complete`: true once the last chunk came, false as long as it is to come, nil where
--- the shape is not known.
function model_chunks.ending()
    return setmetatable({ empty = true, open = 0, parts = {}, published = true }, Ending)
end

return model_chunks

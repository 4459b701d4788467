--- Puts a whole stream together: what the call without streaming would have returned, or text and parts. What has no
--- place in that, or whose place is taken, is in `others`: {name, event}, in the order it came.
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local metadata = require "bedrock.metadata"

local function append(list, value)
    list[#list + 1] = value
end

local function extend(list, more)
    for _, value in ipairs(more or {}) do
        append(list, value)
    end
end

local function other(state, name, event)
    state.others = state.others or {}
    append(state.others, { name = name, event = event })
end

--- A service may cut a text between the halves of a character's surrogate pair: they are joined.
local function text_of(state, pieces)
    local text = table.concat(pieces)
    return state.halves and core.join_halves(text) or text
end

local function agent_state()
    return { text = {}, citations = {}, trace = {}, files = {} }
end

--- The first of its name has the place.
local function set(state, name, value, event_name, event)
    if state[name] == nil then
        state[name] = value
    elseif value ~= nil then
        other(state, event_name, event)
    end
end

--- What is asked for by one invocation is answered at once, by its ID.
local function return_control(state, event)
    local first = state.returnControl
    if first and first.invocationId ~= nil and first.invocationId == event.invocationId then
        first.invocationInputs = first.invocationInputs or {}
        extend(first.invocationInputs, event.invocationInputs)
    else
        set(state, "returnControl", event, "returnControl", event)
    end
end

--- For each operation: `new` makes what events are collected in, `events` collect, `result` makes the
--- result; it may return a second value: why that is unfit. An event comes a second time with the halves of surrogate
--- pairs kept, for text_of.
local agent = {
    new = agent_state,
    events = {
        chunk = function(state, event)
            append(state.text, event.bytes)
            extend(state.citations, event.attribution and event.attribution.citations)
        end,
        trace = function(state, event)
            append(state.trace, event)
        end,
        returnControl = return_control,
        files = function(state, event)
            extend(state.files, event.files)
        end,
    },
    result = function(state)
        return {
            text = table.concat(state.text),
            citations = state.citations,
            trace = state.trace,
            files = state.files,
            returnControl = state.returnControl,
        }
    end,
}

local flow = {
    new = function()
        return { outputs = {}, trace = {} }
    end,
    events = {
        flowOutputEvent = function(state, event)
            append(state.outputs, event)
        end,
        flowTraceEvent = function(state, event)
            append(state.trace, event.trace)
        end,
        flowCompletionEvent = function(state, event)
            set(state, "completionReason", event.completionReason, "flowCompletionEvent", event)
        end,
        flowMultiTurnInputRequestEvent = function(state, event)
            set(state, "inputRequest", event, "flowMultiTurnInputRequestEvent", event)
        end,
    },
    result = function(state)
        local text = {}
        for _, output in ipairs(state.outputs) do
            local document = output.content and output.content.document
            if type(document) == "string" then
                append(text, document)
            end
        end
        state.text = table.concat(text)
        return state
    end,
}

local retrieve_and_generate = {
    new = function()
        return { text = {}, citations = {} }
    end,
    events = {
        output = function(state, _, kept)
            append(state.text, kept.text)
        end,
        citation = function(state, event)
            append(state.citations, event.citation or {
                generatedResponsePart = event.generatedResponsePart,
                retrievedReferences = event.retrievedReferences,
            })
        end,
        guardrail = function(state, event)
            if state.guardrailAction ~= "INTERVENED" then
                state.guardrailAction = event.action
            end
        end,
    },
    result = function(state)
        return {
            output = { text = text_of(state, state.text) },
            citations = state.citations,
            guardrailAction = state.guardrailAction,
        }
    end,
}

local agentic_retrieve = {
    new = function()
        return { text = {}, trace = {}, results = {} }
    end,
    events = {
        responseEvent = function(state, _, kept)
            append(state.text, kept.text)
        end,
        traceEvent = function(state, event)
            append(state.trace, event)
        end,
        result = function(state, event)
            extend(state.results, event.results)
            state.nextToken = event.nextToken or state.nextToken
            set(state, "generatedResponse", event.generatedResponse, "result", event)
        end,
    },
    result = function(state)
        state.text = text_of(state, state.text)
        return state
    end,
}

local optimize_prompt = {
    new = function()
        return {}
    end,
    events = {
        analyzePromptEvent = function(state, _, kept)
            state.analysis = state.analysis or {}
            append(state.analysis, kept.message)
        end,
        optimizedPromptEvent = function(state, event)
            set(state, "optimizedPrompt", event.optimizedPrompt, "optimizedPromptEvent", event)
        end,
    },
    result = function(state)
        state.analysis = state.analysis and text_of(state, state.analysis)
        local prompt = state.optimizedPrompt and state.optimizedPrompt.textPrompt
        state.text = prompt and prompt.text
        return state
    end,
}

--- Where the families put a piece of text; the first that is there counts.
local PIECES = {
    { "delta", "text" },
    { "contentBlockDelta", "delta", "text" },
    { "choices", 1, "delta", "content" },
    { "choices", 1, "text" },
    { "outputs", 1, "text" },
    { "completion" },
    { "generation" },
    { "outputText" },
    { "text" },
}

local function at(json, path)
    for _, key in ipairs(path) do
        if type(json) ~= "table" then
            return nil
        end
        json = json[key]
    end
    return json
end

local function piece_of(json)
    for _, path in ipairs(PIECES) do
        local piece = at(json, path)
        if type(piece) == "string" then
            return piece
        end
    end
end

--- Half a pair is U+FFFD in the event; at the edge of a piece its other half may come with the next one.
local function add_piece(state, event)
    local piece = piece_of(event.json)
    if piece and piece:find("\239\191\189", 1, true) then
        piece = piece_of((core.decode_halves(event.bytes)))
        state.halves = true
    end
    append(state.text, piece)
end

local model = {
    new = function()
        return { text = {}, parts = {} }
    end,
    events = {
        chunk = function(state, event)
            append(state.parts, event.json or event.bytes)
            add_piece(state, event)
        end,
    },
    result = function(state)
        return { text = text_of(state, state.text), parts = state.parts }
    end,
}

local bytes = {
    new = function()
        return { list = {} }
    end,
    events = {
        chunk = function(state, event)
            append(state.list, event)
        end,
    },
    result = function(state, operation)
        local name = operation == "invoke_agent_runtime" and "response" or "body"
        return { [name] = table.concat(state.list) }
    end,
}

--- Streams that no entry here knows: all events, in their order.
local any = {
    new = function()
        return { list = {} }
    end,
    events = setmetatable({}, {
        __index = function(_, name)
            return function(state, event)
                append(state.list, { name = name, event = event })
            end
        end,
    }),
    result = function(state)
        return { parts = state.list }
    end,
}

local assemblers = {
    agentic_retrieve_stream = agentic_retrieve,
    invoke_agent = agent,
    invoke_agent_runtime = bytes,
    invoke_flow = flow,
    invoke_inline_agent = agent,
    invoke_model_with_response_stream = model,
    optimize_prompt = optimize_prompt,
    request = bytes,
    retrieve_and_generate_stream = retrieve_and_generate,
}

--- Server-sent events.
local sent_events = {
    new = any.new,
    events = setmetatable({}, {
        __index = function()
            return function(state, event)
                append(state.list, event)
            end
        end,
    }),
    result = function(state)
        return { events = state.list }
    end,
}

local function assembler_of(operation, stream)
    if stream._sent_events then
        return sent_events
    end
    if operation == "converse_stream" or operation == "invoke_harness" then
        return require "bedrock.gather_converse"
    end
    return assemblers[operation] or any
end

--- The members that came with the head belong to the result, too.
local function add_fields(result, stream)
    for name, value in pairs(stream) do
        if type(name) == "string" and name:sub(1, 1) ~= "_" and result[name] == nil then
            result[name] = value
        end
    end
    return metadata.copy(result, stream)
end

local function collect(stream, assembler, state)
    while true do
        local name, event = stream:next()
        if name == nil then
            return event
        end
        local add, kept = assembler.events[name], stream._halves
        if kept then
            state.halves = true
        end
        if add then
            add(state, event, kept or event)
        else
            other(state, name, event)
        end
    end
end

--- @param stream bedrock.Stream untouched
--- @param operation string
--- @return table? result
--- @return bedrock.Error? err
return function(stream, operation)
    local assembler = assembler_of(operation, stream)
    local state = assembler.new()
    local err = collect(stream, assembler, state)
    local result, unfit = assembler.result(state, operation)
    result.others, result.halves = state.others, nil
    add_fields(result, stream)
    if err == nil and unfit then
        err = errors.new {
            kind = "stream",
            code = "BadResponse",
            operation = operation,
            message = unfit,
            request_id = (metadata.of(stream) or {}).request_id,
        }
    end
    if err then
        err.partial = result
        return nil, err
    end
    return result
end

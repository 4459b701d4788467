--- Puts a whole stream together: what the call without streaming would have returned, or text and parts.
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

local function agent_state()
    return { text = {}, citations = {}, trace = {}, files = {} }
end

--- For each operation: `new` makes what events are collected in, `events` collect, `result` makes the
--- result; it may return nil, err in its place.
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
        returnControl = function(state, event)
            state.returnControl = event
        end,
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
            state.completionReason = event.completionReason
        end,
        flowMultiTurnInputRequestEvent = function(state, event)
            state.inputRequest = event
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
        output = function(state, event)
            append(state.text, event.text)
        end,
        citation = function(state, event)
            append(state.citations, event.citation or {
                generatedResponsePart = event.generatedResponsePart,
                retrievedReferences = event.retrievedReferences,
            })
        end,
        guardrail = function(state, event)
            state.guardrailAction = event.action
        end,
    },
    result = function(state)
        return {
            output = { text = table.concat(state.text) },
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
        responseEvent = function(state, event)
            append(state.text, event.text)
        end,
        traceEvent = function(state, event)
            append(state.trace, event)
        end,
        result = function(state, event)
            extend(state.results, event.results)
            state.generatedResponse = event.generatedResponse or state.generatedResponse
            state.nextToken = event.nextToken or state.nextToken
        end,
    },
    result = function(state)
        state.text = table.concat(state.text)
        return state
    end,
}

local optimize_prompt = {
    new = function()
        return {}
    end,
    events = {
        analyzePromptEvent = function(state, event)
            state.analysis = (state.analysis or "") .. (event.message or "")
        end,
        optimizedPromptEvent = function(state, event)
            state.optimizedPrompt = event.optimizedPrompt
        end,
    },
    result = function(state)
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

local model = {
    new = function()
        return { text = {}, parts = {} }
    end,
    events = {
        chunk = function(state, event)
            append(state.parts, event.json or event.bytes)
            append(state.text, piece_of(event.json))
        end,
    },
    result = function(state)
        return { text = table.concat(state.text), parts = state.parts }
    end,
}

local bytes = {
    new = function()
        return {}
    end,
    events = {
        chunk = append,
    },
    result = function(state, operation)
        local name = operation == "invoke_agent_runtime" and "response" or "body"
        return { [name] = table.concat(state) }
    end,
}

--- Streams that no entry here knows: all events, in their order.
local any = {
    new = function()
        return {}
    end,
    events = setmetatable({}, {
        __index = function(_, name)
            return function(parts, event)
                append(parts, { name = name, event = event })
            end
        end,
    }),
    result = function(parts)
        return { parts = parts }
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

--- Server-sent events of a raw request.
local sent_events = {
    new = any.new,
    events = setmetatable({}, {
        __index = function()
            return append
        end,
    }),
    result = function(list)
        return { events = list }
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
        local add = assembler.events[name]
        if add then
            add(state, event)
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

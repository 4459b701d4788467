--- What the gateway of the specs does; runs inside nginx.
local app = {}

local MODEL = "amazon.nova-lite-v1:0"

local connections = {}

--- In init_by_lua.
function app.init(settings, cases)
    app.bedrock = require "bedrock"
    app.settings, app.cases = settings, cases and dofile(cases)
    for name, one in pairs(settings) do
        connections[name] = assert(app.bedrock.connect(one))
    end
end

--- Which connection a request wants: ?conn=NAME.
local function connection(name)
    return connections[name or ngx.var.arg_conn or "keys"]
end

local function question(text)
    return { modelId = MODEL, messages = { { role = "user", content = { { text = text } } } } }
end

--- What a request asks: ?p=TEXT.
local function ask()
    return question(ngx.unescape_uri(ngx.var.arg_p or "hello there"))
end

local function refuse(err)
    ngx.status = 502
    ngx.print(type(err) == "table" and err.kind .. " " .. err.code .. " " or "", tostring(err))
end

function app.converse(name)
    local answer, err = connection(name):converse(ask())
    if not answer then
        return refuse(err)
    end
    ngx.print(answer.output.message.content[1].text)
end

--- Words as they come.
--- @param begun function? called after the first event
function app.stream(begun)
    local stream, err = connection():converse_stream(ask())
    if not stream then
        return refuse(err)
    end
    local name, event = stream:next()
    if begun then
        begun()
    end
    while name do
        if name == "contentBlockDelta" then
            ngx.print(event.delta.text)
            ngx.flush(true)
        end
        name, event = stream:next()
    end
    ngx.print(event and " BROKEN " .. event.code or " END")
end

local asking, calls = nil, 0

--- A call on a connection of the worker's whose credentials a function gives, slowly.
function app.asked()
    local keys = app.settings.keys
    asking = asking or assert(app.bedrock.connect {
        auth = "custom",
        credentials = function()
            calls = calls + 1
            ngx.sleep(0.3)
            return { access_key_id = keys.access_key_id, secret_access_key = keys.secret_access_key }
        end,
        endpoint = keys.endpoint,
        ca_file = keys.ca_file,
    })
    local answer, err = asking:converse(ask())
    ngx.print(answer and "answered, " .. calls .. " asked" or tostring(err))
end

--- Several requests that need it at the same time.
function app.asked_at_once()
    local list = {}
    for i = 1, 5 do
        list[i] = { "/asked" }
    end
    for _, said in ipairs { ngx.location.capture_multi(list) } do
        ngx.say(said.body)
    end
end

--- Bytes of a raw answer.
function app.bytes()
    local stream, err = connection():request { path = "/much", stream = true, body = "" }
    if not stream then
        return refuse(err)
    end
    for _, bytes in stream:events() do
        ngx.print(bytes)
        ngx.flush(true)
    end
end

--- Reads one event and leaves the stream to the end of the request.
function app.leave()
    local stream = assert(connection():converse_stream(ask()))
    ngx.print((stream:next()))
end

--- One case of spec/support/surface_cases.lua.
function app.case()
    local case = app.cases[tonumber(ngx.var.arg_n)]
    local ok, why = pcall(case.run, app.bedrock, app.settings.keys, app.settings.identity)
    ngx.print(ok and "ok" or "failed: " .. tostring(why))
end

--- What a call says in the phase that this is.
function app.attempt()
    local answer, err = connections.keys:converse(question "hello there")
    return answer and "an answer" or err.kind .. " " .. err.code .. " " .. err.message
end

--- Starts a call that nobody waits for; what its task says where waiting is impossible.
function app.tell(text)
    local task = app.bedrock.spawn(function()
        assert(connections.keys:converse(question(text)))
    end)
    local status = task:status()
    local _, err = task:join()
    return status .. " " .. (err and err.kind .. " " .. err.code .. " " .. err.message or "joined")
end

--- In a timer of each worker: keeps the key that it got.
function app.warm()
    local info, err = connections.certificate:credentials()
    local seen = ngx.shared.seen
    local i = seen:incr("count", 1, 0)
    seen:set("key" .. i, info and info.access_key_id or tostring(err))
    seen:incr("warm", 1, 0)
end

--- Several light threads of one request.
function app.threads()
    local threads, texts = {}, {}
    for i = 1, 10 do
        threads[i] = ngx.thread.spawn(function()
            local answer = assert(connections.keys:converse(question("number " .. i)))
            return answer.output.message.content[1].text:match "^[^\n]*"
        end)
    end
    for i = 1, 10 do
        local _, text = ngx.thread.wait(threads[i])
        texts[i] = text
    end
    ngx.print(table.concat(texts, ";"))
end

--- One function waits for ever; that it is cancelled when the other fails shows that both ran.
function app.parallel()
    local results, errs = app.bedrock.parallel({
        function()
            local stream = assert(connections.plain:converse_stream(question "hello there"))
            return stream:gather()
        end,
        function()
            return connections.plain:converse { modelId = "nonexistent.model-v1:0", messages = question("Hi").messages }
        end,
    }, { stop_on_error = true })
    ngx.print(results.n, " ", errs[1] and errs[1].code, " ", errs[2] and errs[2].code)
end

--- An answer prints here as anywhere; a stream is not printed, and goes on.
function app.printing()
    local answer = assert(connections.plain:converse(question "hello there"))
    local stream = assert(connections.plain:converse_stream(question "hello there"))
    local _, err = stream:print()
    ngx.print(tostring(answer):match "^[^\n]*", ";", err.code, ";", tostring(stream:gather() or "none"):match "^[^\n]*",
        ";", #app.bedrock.help "converse" > 100 and "help", ";", app.bedrock.dump { 1 })
end

--- A light thread reads, another closes the connection under it.
function app.close_under()
    local conn = assert(app.bedrock.connect(app.settings.plain))
    local stream = assert(conn:converse_stream(ask()))
    assert(stream:next())
    local reader = ngx.thread.spawn(function()
        local name, err
        repeat
            name, err = stream:next()
        until not name
        return err.code
    end)
    conn:close()
    local _, code = ngx.thread.wait(reader)
    ngx.print(code)
end

return app

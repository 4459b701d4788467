local codec = require "codec_module"
local case_values = require "spec.support.cases"
local json = require "spec.support.plain_json"
local mime = require "mime"

local CASES = "spec/cases/api-cases.jsonl.xz"
local TIME_TOLERANCE = 0.0005

local function cases()
    local pipe = assert(io.popen("xz -dc " .. CASES))
    local all = { valid = {}, invalid = {}, response = {}, error = {} }
    for line in pipe:lines() do
        local case = json.decode(line)
        table.insert(all[case.kind], case)
    end
    pipe:close()
    return all
end

local ALL = cases()

--- A value of the cases as a caller would write it.
local function to_lua(v)
    return case_values.input(v, codec)
end

local function path_join(path, key)
    return path .. (type(key) == "number" and "[" .. key .. "]" or "." .. tostring(key))
end

local function same_integer_kind(want, got)
    return not math.type or math.type(want) ~= "integer" or math.type(got) == "integer"
end

--- nil if equal, else where and how they differ. Both sides come from `json`.
local function json_difference(want, got, path)
    if type(want) ~= "table" or want == json.null then
        if want == got and same_integer_kind(want, got) then
            return nil
        end
        return ("%s: want %s, got %s"):format(path, tostring(want), tostring(got))
    elseif type(got) ~= "table" or json.is_array(want) ~= json.is_array(got) then
        return path .. ": another kind of value"
    end
    for k, v in pairs(want) do
        local difference = json_difference(v, got[k], path_join(path, k))
        if difference then
            return difference
        end
    end
    for k in pairs(got) do
        if want[k] == nil then
            return path_join(path, k) .. ": not wanted"
        end
    end
end

local function is_library_array(t)
    local mt = getmetatable(t)
    return mt ~= nil and mt == getmetatable(codec.array())
end

local value_difference

local function table_difference(want, got, path, document)
    if type(got) ~= "table" then
        return path .. ": want a table, got " .. tostring(got)
    elseif document and json.is_array(want) ~= is_library_array(got) then
        return path .. ": a document's list and map are mixed up"
    elseif not document and getmetatable(got) ~= nil then
        return path .. ": a metatable outside of a document"
    end
    for k, v in pairs(want) do
        local difference = value_difference(v, got[k], path_join(path, k), document)
        if difference then
            return difference
        end
    end
    for k in pairs(got) do
        if want[k] == nil then
            return path_join(path, k) .. ": not wanted"
        end
    end
end

--- Compares a value of the cases with a decoded one.
function value_difference(want, got, path, document)
    if want == json.null then
        return got ~= codec.null and path .. ": want null" or nil
    elseif type(want) ~= "table" then
        if want == got and (not document or same_integer_kind(want, got)) then
            return nil
        end
        return ("%s: want %s, got %s"):format(path, tostring(want), tostring(got))
    elseif not document and want["$blob"] then
        local bytes = mime.unb64(want["$blob"]) or ""
        return got ~= bytes and path .. ": other bytes" or nil
    elseif not document and want["$time"] then
        local near = type(got) == "number" and math.abs(got - want["$time"]) < TIME_TOLERANCE
        return not near and ("%s: want time %s, got %s"):format(path, want["$time"], tostring(got))
            or nil
    elseif not document and want["$doc"] ~= nil then
        return value_difference(want["$doc"], got, path, true)
    end
    return table_difference(want, got, path, document)
end

local function unescape_uri(text)
    return (text:gsub("%%(%x%x)", function(hex)
        return string.char(tonumber(hex, 16))
    end))
end

--- key=value pairs, by key in the order of their values.
local function pairs_by_key(list)
    local by_key = {}
    for _, pair in ipairs(list) do
        by_key[pair[1]] = by_key[pair[1]] or setmetatable({}, json.array)
        table.insert(by_key[pair[1]], pair[2])
    end
    return by_key
end

local function parse_pairs(text)
    local list = {}
    for part in text:gmatch "[^&]+" do
        local key, value = part:match "^([^=]*)=(.*)$"
        list[#list + 1] = { unescape_uri(key), unescape_uri(value) }
    end
    return list
end

local function body_difference(expect, request)
    if expect.json then
        return request.body and json_difference(expect.json, json.decode(request.body), "body")
            or not request.body and "no body"
    elseif expect.body64 then
        local bytes = mime.unb64(expect.body64) or ""
        return request.body ~= bytes and "other body bytes"
    elseif expect.form then
        return json_difference(pairs_by_key(expect.form), pairs_by_key(parse_pairs(request.body)),
            "form")
    elseif expect.eventStreamInput then
        return nil
    end
    return request.body and "a body where none belongs"
end

local function request_difference(expect, request)
    if request.method ~= expect.method then
        return "method " .. request.method
    elseif request.path ~= expect.path then
        return "path " .. request.path .. " instead of " .. expect.path
    end
    return json_difference(pairs_by_key(expect.query), pairs_by_key(parse_pairs(request.query)),
            "query")
        or json_difference(expect.headers, request.headers, "headers")
        or body_difference(expect, request)
end

local function lines(problems)
    local text = {}
    for i, p in ipairs(problems) do
        text[i] = ("%s: %s: %s"):format(p.path, p.kind, p.message)
    end
    return table.concat(text, "; ")
end

local function check_valid(case)
    local request, problems = codec.encode(case.service, case.op, to_lua(case.input))
    if case_values.is_refused_path(case) then
        return (request or problems[1].kind ~= "label-value") and "its path is not refused" or nil
    elseif not request then
        return "refused: " .. lines(problems)
    end
    for _, member in ipairs(case.expect.auto or {}) do
        if request.token_member ~= member then
            return "the token made up is not handed back"
        end
    end
    return request_difference(case.expect, request)
end

local function check_invalid(case)
    local strict = case.violation == "enum" or case.violation == "pattern"
    local request, problems =
        codec.encode(case.service, case.op, to_lua(case.input), { strict = strict })
    if request then
        return case.violation .. " at " .. case.lua_path .. " was let through"
    end
    for _, problem in ipairs(problems) do
        if problem.kind == case.violation and problem.path == case.lua_path then
            return nil
        end
    end
    return ("want %s at %s, got %s"):format(case.violation, case.lua_path, lines(problems))
end

--- The name and members of an event of the cases.
local function wanted_event(event)
    for name, members in pairs(event or {}) do
        if name ~= "$exception" then
            return name, members
        end
    end
end

local function event_difference(want, got)
    local name, members = wanted_event(want)
    if want and want["$exception"] then
        local code = name:gsub("^%l", string.upper)
        if got.result ~= "exception" or got.error.code ~= code or got.error.kind ~= "service" then
            return ("want exception %s, got %s"):format(code, got.result)
        end
    elseif got.result ~= "value" or got.name ~= name then
        return ("want event %s, got %s %s"):format(tostring(name), got.result, tostring(got.name))
    end
    return value_difference(members, got.value, "event." .. name)
end

local function check_events(case, body)
    local got = codec.events(case.service, case.op, body)
    for i, event in ipairs(got) do
        local difference = event_difference(case.events[i], event)
        if difference then
            return difference
        end
    end
    return #got ~= #case.events and "events are missing"
end

local function check_response(case)
    local body = mime.unb64(case.http.body64) or ""
    local given = body
    if case.events then
        given = nil
    end
    local output, err =
        codec.decode(case.service, case.op, case.http.status, case.http.headers, given)
    if not output then
        return err.message
    end
    return value_difference(case.output, output, "output")
        or case.events and check_events(case, body)
end

local function check_error(case)
    local body = mime.unb64(case.http.body64) or ""
    local code, message, fields =
        codec.failure(case.service, case.op, case.http.status, case.http.headers, body)
    if code ~= case.error.code or message ~= case.error.message then
        return ("want %s: %s, got %s: %s"):format(case.error.code, case.error.message, code, message)
    end
    return value_difference(case.error.fields, fields, "fields")
end

--- Runs all cases of a kind, and fails with the first few differences of all.
local function run_all(list, check, wanted)
    local failures = {}
    for _, case in ipairs(list) do
        local ok, difference = pcall(check, case)
        if not ok or difference then
            failures[#failures + 1] = case.id .. ": " .. tostring(difference)
        end
    end
    local shown = table.concat(failures, "\n", 1, math.min(#failures, 25))
    assert(#failures == 0, ("%d of %d fail:\n%s"):format(#failures, #list, shown))
    assert.are.equal(wanted, #list)
end

describe("the conformance cases of all operations", function()
    it("become the requests they must", function()
        run_all(ALL.valid, check_valid, 1070)
    end)

    it("are refused where they are invalid, with kind and path", function()
        run_all(ALL.invalid, check_invalid, 2150)
    end)

    it("decode from success answers and event streams", function()
        run_all(ALL.response, check_response, 541)
    end)

    it("decode from error answers", function()
        run_all(ALL.error, check_error, 539)
    end)
end)

--- The editor types name what the module has, no more and no less, and what is generated is not stale.
local bedrock = require "bedrock"
local support = require "spec.support.files"
local connection = require "bedrock.connection"

local load_text = rawget(_G, "loadstring") or load

--- The Lua language server skips files above 500 kB.
local SIZE_MAX = 500 * 1000

local contents, output = support.read, support.output

local function lines_of(text)
    local lines = {}
    for line in text:gmatch "[^\n]+" do
        lines[#lines + 1] = line
    end
    return lines
end

local function sorted(set)
    local keys = {}
    for key in pairs(set) do
        keys[#keys + 1] = key
    end
    table.sort(keys)
    return keys
end

local MAIN = "library/bedrock.d.lua"
local files = lines_of(output "find library -type f | sort")
local main = contents(MAIN)

local all = {}
for i, file in ipairs(files) do
    all[i] = contents(file)
end
all = table.concat(all)

--- The namespaces of the running module.
local conn = assert(bedrock.connect {
    auth = "access_keys", access_key_id = "AKIAIOSFODNN7EXAMPLE", secret_access_key = "not-a-real-one", cache = false,
})
local spaces = {}
for name, value in pairs(conn) do
    if type(value) == "table" and name:sub(1, 1) ~= "_" then
        spaces[name] = value
    end
end

--- The file's tables: it is run with another `return`.
local function run_main()
    local list = { "bedrock = bedrock, Connection = Connection, Stream = Stream, flat = {}, own = {}" }
    for _, name in ipairs(sorted(spaces)) do
        list[#list + 1] = ("flat_%s = %s_flat, own_%s = %s_own"):format(name, name, name, name)
    end
    local text, count = main:gsub("\nreturn bedrock\n$", "\nreturn { " .. table.concat(list, ", ") .. " }\n")
    assert(count == 1, "it does not end in return bedrock")
    return assert(load_text(text, "=" .. MAIN))()
end
local declared = run_main()

--- Functions whose comment says so need not be there yet.
local to_come, comment = {}, {}
for line in main:gmatch "([^\n]*)\n" do
    local name = line:match "^function ([%w_.:]+)%("
    if name and table.concat(comment):find("To come.", 1, true) then
        to_come[name] = true
    end
    comment[#comment + 1] = line
    if not line:find "^%-%-%-" then
        comment = {}
    end
end

--- Class name -> member name -> "required" or "optional".
local function classes_of(text)
    local classes, current = {}, nil
    for line in text:gmatch "[^\n]+" do
        local class = line:match "^%-%-%-@class ([%w_.]+)"
        local field, optional = line:match '^%-%-%-@field %[?"?([%w_]+)"?%]?(%??) '
        if class then
            current = classes[class] or {}
            classes[class] = current
        elseif current and field then
            current[field] = optional == "?" and "optional" or "required"
        end
    end
    return classes
end
local classes = classes_of(all)

--- "space" and snake-case name -> the types of parameters and result.
local signatures, params, result = {}, nil, nil
for _, line in ipairs(lines_of(main)) do
    params = line:match "^%-%-%-@param params%?? ([%w_.]+)" or params
    result = line:match "^%-%-%-@return ([%w_.]+)%? [rs]" or result
    local space, name = line:match "^function ([%w_]+)_%l+:([%w_]+)%("
    if space then
        signatures[space .. "." .. name] = { params = params, result = result }
    end
end

local function names_of(names)
    local set = {}
    for _, name in ipairs(names) do
        set[name] = true
    end
    return set
end

--- What is declared must be there or to come; what is there must be declared.
local function compare(prefix, there, stub)
    for name in pairs(there) do
        assert.is_not_nil(stub[name], prefix .. name .. " is not declared")
    end
    for name in pairs(stub) do
        assert.is_true(there[name] ~= nil or to_come[prefix .. name] == true, prefix .. name .. " does not exist")
    end
end

describe("the editor types", function()
    it("are Lua, and begin as types of the module do", function()
        assert.equal("---@meta bedrock", main:match "^[^\n]*")
        for _, file in ipairs(files) do
            local text = contents(file)
            assert.truthy(text:find "^%-%-%-@meta ", file)
            assert.truthy(#text < SIZE_MAX, file .. " is too large for editors")
            assert(load_text(text, "=" .. file))()
        end
    end)

    it("declare the module's functions and values", function()
        local there = {}
        for name, value in pairs(bedrock) do
            there[name] = value
        end
        there.null = nil
        assert.truthy(main:find("\n---@field null lightuserdata", 1, true))
        compare("bedrock.", there, declared.bedrock)
        compare("bedrock.json.", bedrock.json, declared.bedrock.json)
        for name, value in pairs(there) do
            assert.equal(type(value), type(declared.bedrock[name]), name)
        end
    end)

    it("have a page that tells of each function", function()
        local page, glance = contents "docs/reference/api.md", contents "docs/calls.md"
        for name, value in pairs(bedrock) do
            local told = page:find("\n### bedrock." .. name .. "\n", 1, true)
            assert.is_true(told ~= nil or type(value) ~= "function", name)
            assert.is_true(glance:find("`bedrock." .. name .. "%f[%W]") ~= nil or type(value) ~= "function", name)
        end
        for _, name in ipairs(connection.handwritten) do
            assert.is_truthy(page:find("\n### conn:" .. name .. "\n", 1, true), name)
            assert.is_truthy(glance:find("`conn:" .. name .. "%f[%W]"), name)
        end
    end)

    it("declare the hand-written methods of a connection", function()
        compare("Connection:", names_of(connection.handwritten), declared.Connection)
    end)

    it("declare the methods of a stream", function()
        local stream = require("bedrock.streams.stream").new({ events = function() end }, "any", {}, nil)
        compare("Stream:", getmetatable(stream).__index, declared.Stream)
    end)

    it("declare every operation where it is found", function()
        local count = 0
        for _, space in ipairs(sorted(spaces)) do
            local flat, own = {}, {}
            for _, name in ipairs(bedrock.operations(space)) do
                local bare = name:match "^[^.]+%.(.+)$"
                if bare then
                    own[bare] = true
                else
                    flat[name] = true
                    assert.is_function(conn[name], name)
                end
                assert.is_function(spaces[space][bare or name], name)
                count = count + 1
            end
            assert.same(sorted(flat), sorted(declared["flat_" .. space]))
            assert.same(sorted(own), sorted(declared["own_" .. space]))
        end
        assert.equal(count, #bedrock.operations())
        assert.truthy(count > 500)
    end)

    it("let a connection have the namespaces and their methods", function()
        local parents = main:match "\n%-%-%-@class bedrock.Connection: ([^\n]+)"
        for space in pairs(spaces) do
            assert.truthy((parents .. ","):find("bedrock." .. space .. ".Flat,", 1, true), space)
            assert.truthy(main:find(("\n---@field %s bedrock.%s "):format(space, space), 1, true), space)
            assert.truthy(main:find(("\n---@class bedrock.%s: bedrock.%s.Flat\n"):format(space, space), 1, true))
        end
    end)

    it("refer to no type that is not declared", function()
        local types = {}
        for name in all:gmatch "\n%-%-%-@%l+ (bedrock[%w_.]*)" do
            types[name] = true
        end
        local checked = 0
        for line in all:gmatch "\n(%-%-%-@[cfopr][^\n]*)" do
            local kind, rest = line:match "^%-%-%-@(%l+) (.*)$"
            rest = rest:gsub('"[^"]*"', "")
            for name in rest:gmatch "%f[%w_]bedrock%.[%w_.]*[%w_]" do
                assert.is_true(types[name] == true, kind .. " of an unknown type " .. name)
                checked = checked + 1
            end
        end
        assert.truthy(checked > 5000)
    end)
end)

describe("the types of parameters and results", function()
    local STREAM = names_of { "close", "events", "gather", "next" }

    local function described(shape, left_out)
        local members = {}
        for _, member in ipairs(shape and shape.members or {}) do
            if member.name ~= left_out and not (left_out and STREAM[member.name]) then
                members[member.name] = member.required and not member.token and "required" or "optional"
            end
        end
        return members
    end

    local function fields(type_name, is_stream)
        local found = {}
        for name, state in pairs(type_name == "table" and {} or assert(classes[type_name], type_name)) do
            if not (is_stream and STREAM[name]) then
                found[name] = state
            end
        end
        return found
    end

    it("have the members that the module takes and returns", function()
        for _, name in ipairs(bedrock.operations()) do
            local op = assert(bedrock.describe(name, 1))
            local signature = assert(signatures[op.namespace .. "." .. op.name], name)
            assert.same(described(op.input), fields(signature.params), name)
            assert.same(described(op.output, op.stream), fields(signature.result, op.stream), name)
        end
    end)

    it("have the settings of connect and the options of a call", function()
        local settings, options = { on = "optional" }, {} -- which never leaves Lua
        for name in contents("csrc/core/aws/settings.c"):gmatch '%[BR_OPT_[%w_]+%] = {"([%w_]+)"' do
            settings[name] = "optional"
        end
        for name in contents("csrc/lua/options.c"):match("known%[%] = (%b{})"):gmatch '"([%w_]+)"' do
            options[name] = "optional"
        end
        assert.same(settings, classes["bedrock.Settings"])
        assert.same(options, classes["bedrock.CallOptions"])
    end)

    it("have the parameters of generate and the filters of models", function()
        local _, err = conn:generate { model = "amazon.nova-lite-v1:0", prompt = "x", none_such = 1 }
        assert.equal("none_such", err.errors[1].path)
        for _, case in ipairs { { "generate", "bedrock.GenerateParams" }, { "models", "bedrock.ModelFilter" },
            { "chat", "bedrock.ChatOptions" } } do
            for name in pairs(classes[case[2]]) do
                err = select(2, conn[case[1]](conn, { [name] = print, none_such = 1 }))
                for _, problem in ipairs(err.errors) do
                    assert.is_true(problem.path ~= name or problem.kind ~= "unknown", name)
                end
            end
        end
    end)
end)

--- Path -> text, of what the generator prints.
local function printed(text)
    local made, at = {}, 1
    while true do
        local path, from = text:match("^==> ([^\n]+)\n()", at)
        if not path then
            return made
        end
        local last = text:find("\n==> ", from, true) or #text
        made[path], at = text:sub(from, last), last + 1
    end
end

describe("what is generated from the facts", function()
    local made = printed(output "lua5.4 tools/generate_docs.lua csrc/model/facts")

    it("is all there, and nothing else is", function()
        local there = lines_of(output "find library docs/reference lua/bedrock/help/texts.lua -type f")
        table.sort(there)
        assert.truthy(#there > 20)
        assert.same(sorted(made), there)
    end)

    it("is what the generator makes now", function()
        for path, text in pairs(made) do
            assert.is_true(text == contents(path), path .. " is stale: run tools/generate_docs.lua")
        end
    end)
end)

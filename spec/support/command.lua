--- The command `bedrock` as a process of its own, with settings for the endpoint and a home of its own.
local assert = require "luassert"
local busted = require "busted"
local files = require "spec.support.files"
local program = require "spec.support.program"

local command = {}

local function quoted(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end
command.quoted = quoted

--- A home that is removed with `remove`.
function command.home()
    local home = os.tmpname()
    os.remove(home)
    assert(os.execute("mkdir -m 700 " .. home))
    return home
end

function command.remove(home)
    os.execute("rm -rf " .. quoted(home))
end

local function environment(ep, home, more)
    local variables = {
        HOME = home,
        BEDROCK_AUTH = "access_keys",
        BEDROCK_ACCESS_KEY_ID = ep.access_key_id,
        BEDROCK_SECRET_ACCESS_KEY = ep.secret_access_key,
        BEDROCK_ENDPOINT = ep.https,
        BEDROCK_CA_FILE = ep.ca_file,
        BEDROCK_MODEL = "amazon.nova-lite-v1:0",
        XDG_CONFIG_HOME = "",
        XDG_STATE_HOME = "",
    }
    for name, value in pairs(more or {}) do
        variables[name] = value
    end
    local words = {}
    for name, value in pairs(variables) do
        words[#words + 1] = value and name .. "=" .. quoted(value) or "-u " .. name
    end
    table.sort(words, function(a, b)
        return a:sub(1, 1) == "-" and b:sub(1, 1) ~= "-"
    end)
    return "env " .. table.concat(words, " ")
end

--- The line for a shell.
--- @param arguments string[]
--- @param options table? {env}
function command.line(ep, home, arguments, options)
    local words = { environment(ep, home, options and options.env), program.interpreter(), "bin/bedrock" }
    for _, argument in ipairs(arguments) do
        words[#words + 1] = quoted(argument)
    end
    return table.concat(words, " ")
end

--- @param options table? {stdin = text; nil: /dev/null, env = variables, false takes one away}
--- @return {out: string, err: string, code: integer}
function command.run(ep, home, arguments, options)
    local names = { out = home .. "/.out", err = home .. "/.err", input = home .. "/.in" }
    local stdin = options and options.stdin
    if stdin then
        files.write(names.input, stdin)
    end
    local line = ("%s <%s >%s 2>%s; printf %%s $?"):format(command.line(ep, home, arguments, options),
        stdin and names.input or "/dev/null", names.out, names.err)
    local code = tonumber(files.output(line))
    return { out = files.read(names.out), err = files.read(names.err), code = code }
end

--- In a describe block: a home for each test, and what most specs ask of the command.
--- @return {home: fun(): string, run: function, fails: function} here
function command.each(ep)
    local home
    local here = {}
    busted.before_each(function()
        home = command.home()
    end)
    busted.after_each(function()
        command.remove(home)
    end)
    function here.home()
        return home
    end
    function here.run(arguments, options)
        return command.run(ep, home, arguments, options)
    end
    --- It ends with that code, says nothing, and tells why.
    function here.fails(code, pattern, arguments, options)
        local got = here.run(arguments, options)
        assert.equal(code, got.code, got.err)
        assert.equal("", got.out)
        assert.matches(pattern, got.err)
        return got
    end
    return here
end

return command

--- Runs Lua in Neovim as a user would have it: no settings, no window to look at. BEDROCK_TEST_NVIM names the program.
local files = require "spec.support.files"

local nvim = {}

--- What each script begins with: `say`, the endpoint's settings, something to ask, and a wait with an end.
local PRELUDE = [[
local vim = vim
local uv = vim.uv or vim.loop
local PATIENCE = 60000 * (tonumber(os.getenv "BEDROCK_TEST_PATIENCE") or 1)
local said = assert(io.open(os.getenv "SAID", "a"))
local function say(...)
    local words = { ... }
    for i = 1, select("#", ...) do words[i] = tostring(words[i]) end
    said:write(table.concat(words, " "), "\n")
    said:flush()
end
local function soon(done)
    assert(vim.wait(PATIENCE, done, 5), "it never came")
end
local settings = vim.fn.json_decode(vim.fn.readfile(os.getenv "BEDROCK_TEST_ENDPOINT" .. "/settings.json"))
local function ask(text)
    return { modelId = "amazon.nova-lite-v1:0", messages = { { role = "user", content = { { text = text } } } } }
end
local function first_line(answer)
    return answer.output.message.content[1].text:match "^[^\n]*"
end
local function messages()
    return vim.fn.execute "messages"
end
]]

local function found(program)
    local path = files.output("command -v " .. program .. " 2>/dev/null"):match "^[^\n]+"
    return path
end

--- Nil: there is none. Nor can another interpreter's module be loaded by it.
nvim.program = rawget(_G, "jit") and found(os.getenv "BEDROCK_TEST_NVIM" or "nvim")

--- @param command string what runs, with its arguments
--- @param environment string? NAME=value …
--- @return string output what it wrote, to both
--- @return integer code
function nvim.execute(command, environment)
    local line = 'env -u LD_PRELOAD NVIM_LOG_FILE=/dev/null %s timeout 250 %s 2>&1 </dev/null; echo "=$?"'
    local output = files.output(line:format(environment or "", command))
    local text, code = output:match "^(.*)=(%d+)\n$"
    return text, tonumber(code)
end

--- The same in a terminal, where keys are typed: [text to wait for, keys] each. What Neovim draws nobody looks at.
--- @return string said
function nvim.type(ep, code, steps)
    local name = os.tmpname()
    files.write(name .. ".lua", PRELUDE .. code)
    nvim.execute(("python3 spec/support/terminal.py '%s' %s -u NONE -i NONE -n -c 'luafile %s.lua' -c 'qa!'"):format(
        steps, nvim.program, name), ("TERM=xterm SAID=%s BEDROCK_TEST_ENDPOINT=%s"):format(name, ep.dir))
    local said = files.read(name)
    os.remove(name)
    os.remove(name .. ".lua")
    return said
end

--- @param ep Endpoint
--- @param code string
--- @param options? {environment: string?, arguments: string?}
--- @return string said what the script said
--- @return string output what Neovim wrote
--- @return integer code it ended with
function nvim.run(ep, code, options)
    options = options or {}
    local name = os.tmpname()
    files.write(name .. ".lua", PRELUDE .. code)
    local line = ("%s --headless -u NONE -i NONE -n %s -c 'luafile %s.lua' -c 'qa!'"):format(nvim.program,
        options.arguments or "", name)
    local output, status = nvim.execute(line, ("SAID=%s BEDROCK_TEST_ENDPOINT=%s %s"):format(name, ep.dir,
        options.environment or ""))
    local said = files.read(name)
    os.remove(name)
    os.remove(name .. ".lua")
    return said, output, status
end

return nvim

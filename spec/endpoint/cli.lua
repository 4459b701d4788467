--- The endpoint from a shell:
---     lua5.4 spec/endpoint/cli.lua start DIR PKIDIR     start it, print where it is
---     lua5.4 spec/endpoint/cli.lua env DIR              print KEY=VALUE lines for a shell
---     lua5.4 spec/endpoint/cli.lua config DIR JSON      change settings
---     lua5.4 spec/endpoint/cli.lua stop DIR
local here = arg[0]:match("^(.*)/[^/]*$") or "."
local cjson = require "cjson"
local endpoint = dofile(here .. "/endpoint.lua")

local VARIABLES = {
    "https", "https_expired", "https_wronghost", "https_untrusted", "https_mutual", "http", "refused", "control",
    "ca_file", "pki", "dir", "access_key_id", "secret_access_key", "api_key", "container_token", "account",
}

local commands = {}

function commands.start(dir, pki)
    print(endpoint.start({ dir = dir, pki = pki }).https)
end

function commands.stop(dir)
    if io.open(dir .. "/endpoint.json") then
        endpoint.attach(dir):stop()
    end
end

local function shell_word(text)
    if text:find("[^%w/:.+=_@-]") then
        return "'" .. text:gsub("'", "'\\''") .. "'"
    end
    return text
end

function commands.env(dir)
    local ep = endpoint.attach(dir)
    for _, name in ipairs(VARIABLES) do
        print("BEDROCK_TEST_" .. name:upper() .. "=" .. shell_word(ep[name]))
    end
end

function commands.config(dir, settings)
    endpoint.attach(dir):config(cjson.decode(settings))
end

local needed = { start = 2, stop = 1, env = 1, config = 2 }
local command = commands[arg[1]]
if not command or #arg - 1 ~= needed[arg[1]] then
    io.stderr:write("usage: cli.lua start DIR PKIDIR | stop DIR | env DIR | config DIR JSON\n")
    os.exit(2)
end
command(arg[2], arg[3])

--- bedrock image -o FILE [-m MODEL] PROMPT
local core = require "bedrock.core"
local number = require("bedrock.terminal.arguments").number
local image = { summary = "An image from a prompt." }

function image.arguments(parser)
    parser:argument("prompt", "What is to be seen."):args "+"
    parser:option("-o --output", "The file; several are FILE-1, FILE-2, …; -: standard output"):argname "FILE":count "1"
    parser:option("-m --model", "A model of images, or a part of its name."):argname "MODEL"
    parser:option("--negative", "What is not to be seen."):argname "TEXT"
    number(parser, "--count", "How many.")
    number(parser, "--width", "Pixels.")
    number(parser, "--height", "Pixels.")
    number(parser, "--seed", "The same number gives the same image.")
end

local function numbered(path, i, count)
    if count == 1 then
        return path
    end
    local stem, ending = path:match "^(.*)(%.[%w]+)$"
    return ("%s-%d%s"):format(stem or path, i, ending or "")
end

local ENOENT = 2

--- To rename a file to its own name does nothing, but tells whether there is one, which may not be readable.
local function exists(path)
    local ok, _, code = os.rename(path, path)
    return ok or code ~= ENOENT
end

--- Before anything is paid, it is known that the file can be written. A new one is taken away, as no image may come.
local function try(self, path)
    local there = exists(path)
    local file, why = io.open(path, "ab")
    if not file then
        self:fail(why)
    end
    file:close()
    if not there then
        os.remove(path)
    end
end

--- A file is there as a whole, or as it was before; a device is written to as it stands.
local function write(self, path, bytes)
    if path == "-" then
        return self:flush(bytes)
    end
    local saved, why, in_place = core.save(path, bytes, true)
    if saved then
        return
    end
    local file = in_place and io.open(path, "wb")
    if not file then
        self:fail(why)
    end
    local ok, failed = file:write(bytes)
    local closed, late = file:close()
    if not ok or not closed then
        self:fail(("%s: %s"):format(path, failed or late))
    end
end

function image.run(self, args)
    local to_output = args.output == "-"
    if to_output and core.terminal(1) then
        self:usage "an image is nothing for a terminal: -o FILE, or a pipe behind it"
    elseif not to_output then
        try(self, numbered(args.output, 1, args.count or 1))
    end
    local made = self:check(self:connect():generate {
        model = self:model(), prompt = table.concat(args.prompt, " "), negative_prompt = args.negative,
        count = args.count, width = args.width, height = args.height, seed = args.seed,
    })
    local images = made.images or {}
    for i, bytes in ipairs(images) do
        local path = to_output and "-" or numbered(args.output, i, args.count or 1)
        write(self, path, bytes)
        self:note(("%s: %d bytes"):format(path, #bytes))
    end
    if #images == 0 then
        self:fail(("no image came (%s); `bedrock models --output IMAGE` lists models that make some"):format(
            tostring(made.stop_reason or made)))
    end
end

return image

--- bedrock image -o FILE [-m MODEL] PROMPT
local image = { summary = "An image from a prompt." }

function image.arguments(parser)
    parser:argument("prompt", "What is to be seen."):args "+"
    parser:option("-o --output", "The file; several images are FILE-1, FILE-2, …"):argname "FILE":count "1"
    parser:option("-m --model", "A model of images."):argname "MODEL"
    parser:option("--negative", "What is not to be seen."):argname "TEXT"
    parser:option("--count", "How many."):argname "N":convert(tonumber)
    parser:option("--width", "Pixels."):argname "N":convert(tonumber)
    parser:option("--height", "Pixels."):argname "N":convert(tonumber)
    parser:option("--seed", "The same number gives the same image."):argname "N":convert(tonumber)
end

local function numbered(path, i, count)
    if count == 1 then
        return path
    end
    local stem, ending = path:match "^(.*)(%.[%w]+)$"
    return ("%s-%d%s"):format(stem or path, i, ending or "")
end

--- Before anything is paid, it is known that the file can be written.
local function open(self, path)
    local file, why = io.open(path, "ab")
    if not file then
        self:fail(why)
    end
    file:close()
end

local function write(self, path, bytes)
    local file, why = io.open(path, "wb")
    local ok = file and file:write(bytes)
    if file and not file:close() or not ok then
        self:fail(why or path .. ": it cannot be written")
    end
end

function image.run(self, args)
    open(self, numbered(args.output, 1, args.count or 1))
    local made = self:check(self:connect():generate {
        model = self:model(), prompt = table.concat(args.prompt, " "), negative_prompt = args.negative,
        count = args.count, width = args.width, height = args.height, seed = args.seed,
    })
    local images = made.images or {}
    for i, bytes in ipairs(images) do
        local path = numbered(args.output, i, args.count or 1)
        write(self, path, bytes)
        self:note(("%s: %d bytes"):format(path, #bytes))
    end
    if #images == 0 then
        self:fail("no image came: " .. tostring(made.stop_reason or made))
    end
end

return image

--- bedrock embed [-m MODEL] [FILE | -]
local number = require("bedrock.terminal.arguments").number
local embed = { summary = "An embedding for each line of a file or standard input, as lines of JSON." }

local BATCH = 50

function embed.arguments(parser)
    parser:argument("file", "Lines of text; - or nothing: standard input."):args "?"
    parser:option("-m --model", "A model of embeddings, or a part of its name."):argname "MODEL"
    number(parser, "--dimensions", "Numbers in each.")
end

local function lines_of(text)
    local list = {}
    for line in (text:gsub("\n$", "") .. "\n"):gmatch "(.-)\r?\n" do
        list[#list + 1] = line
    end
    return list
end

--- Empty lines have none.
local function batch(list, first)
    local texts, places = {}, {}
    for i = first, math.min(first + BATCH - 1, #list) do
        if list[i]:find "%S" then
            texts[#texts + 1], places[#places + 1] = list[i], i
        end
    end
    return texts, places
end

local function put(self, texts, places, embeddings)
    for i, embedding in ipairs(embeddings) do
        self:put_json { line = places[i], text = texts[i], embedding = embedding }
    end
end

--- What was answered before it failed is paid for, so it is written.
local function fail(self, texts, places, err)
    put(self, texts, places, err.partial and err.partial.embeddings or {})
    local first, last = places[err.input or 1], places[err.input or #places]
    local which = first == last and ("line %d"):format(first) or ("lines %d to %d"):format(first, last)
    self:note(which .. " failed; all before are done")
    self:fail(err)
end

function embed.run(self, args)
    local list, model, conn = lines_of(self:read(args.file or "-")), self:model(), self:connect()
    for first = 1, #list, BATCH do
        local texts, places = batch(list, first)
        if texts[1] then
            local made, err = conn:generate { model = model, input = texts, dimensions = args.dimensions }
            if not made then
                fail(self, texts, places, err)
            end
            put(self, texts, places, made.embeddings)
        end
    end
end

return embed

-- Compares our decoder of server-sent events with another: see sent_events.mjs. Every stream is decoded whole, byte by
-- byte, and in random pieces.
local cjson = require "cjson"
local mime = require "mime"
local core = require "bedrock.core"

math.randomseed(1)

local function cut(text, size)
    local pieces, at = {}, 1
    while at <= #text do
        local n = size(text)
        pieces[#pieces + 1] = text:sub(at, at + n - 1)
        at = at + n
    end
    return pieces
end

local function decoded(pieces)
    local decoder, all = core.sse(), {}
    for _, piece in ipairs(pieces) do
        for _, event in ipairs(assert(decoder:feed(piece))) do
            all[#all + 1] = event
        end
    end
    return all
end

--- The other one has an id only where an event sets it, and then also an empty one.
local function same_id(ours, other)
    return other == nil or other == (ours or "")
end

local function difference(ours, others)
    for i = 1, math.max(#ours, #others) do
        local a, b = ours[i], others[i]
        if not (a and b and a.event == b.event and a.data == b.data and a.retry == b.retry and same_id(a.id, b.id)) then
            return ("event %d is %s, not %s"):format(i, cjson.encode(a), cjson.encode(b))
        end
    end
end

local CUTS = {
    whole = string.len,
    ["byte by byte"] = function()
        return 1
    end,
    ["in pieces"] = function()
        return math.random(9)
    end,
}

local streams, events = 0, 0
for line in io.lines() do
    local case = cjson.decode(line)
    local text = mime.unb64(case.body64)
    streams, events = streams + 1, events + #case.events
    for how, size in pairs(CUTS) do
        local wrong = difference(decoded(cut(text, size)), case.events)
        print(wrong and ("not ok - %s, %s: %s"):format(cjson.encode(text), how, wrong)
            or ("ok - server-sent events %d, %s"):format(streams, how))
    end
end
print(("# %d streams with %d events"):format(streams, events))

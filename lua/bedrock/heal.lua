--- `heal = true`: a call that the service refuses in words that name the cure is repeated with it. Nothing is guessed,
--- and no model is known by name. What was done is remembered for the connection and the model.
local errors = require "bedrock.errors"
local lazy = require "bedrock.base.lazy"
local log = require "bedrock.log"

local CURES_MAX = 10
--- Models that are remembered for a connection; when there are more, all are learned anew.
local MODELS_MAX = 1000

--- What chat does in a second way of its own, which is better than leaving it out.
local KEPT = { "output_config", "tool_choice", "cache", "reasoning" }

--- By connection, then by model as it was asked for.
local memories = setmetatable({}, { __mode = "k" })

local heal = {}

--- Read once the service refuses something.
local words = {}
lazy(words, { are_rivals = "healing.words.are_rivals", named = "healing.words.named", of = "healing.words.of",
    refuse = "healing.words.refuse" })

--- What is remembered for a connection and a model. Cures are in its `cures`; other members are whose who sets them.
--- @param conn bedrock.Connection
--- @param model string
--- @return table
function heal.memory(conn, model)
    local known = memories[conn]
    if not known or known.count >= MODELS_MAX and not known.models[model] then
        known = { models = {}, count = 0 }
        memories[conn] = known
    end
    if not known.models[model] then
        known.models[model], known.count = {}, known.count + 1
    end
    return known.models[model]
end

--- Do the service's words refuse that subject?
--- @param err any
--- @param subject string one of those in healing/words.lua: "output_config", "tool_choice", "cache", "reasoning", …
--- @return boolean
function heal.refused(err, subject)
    local text = words.of(err, subject)
    return text ~= nil and words.refuse(text, subject)
end

--- Each takes a cure and the parameters (and `place`, which knows where things stand in them), changes these, and says
--- what it did; nil: there was nothing to do.
local APPLY = {
    remove = function(cure, params, place)
        if cure.in_thought and not place.thinks(params) then
            return nil
        end
        local called = place.remove(params, cure.name)
        return called and ("left out %s, which the model does not take%s"):format(called,
            cure.in_thought and " while it reasons" or "")
    end,
    rivals = function(_, params, place)
        if not place.has_both(params) then
            return nil
        end
        place.remove(params, "top_p")
        return "left out top_p, which the model does not take together with temperature"
    end,
    model = function(cure, params, place)
        local model = place.model(params)
        if model == cure.id then
            return nil
        end
        place.set_model(params, cure.id)
        return ("called the inference profile %s, as %s is not offered on demand"):format(cure.id, model)
    end,
    system = function(_, params, place)
        return place.move_system(params)
            and "moved the system prompt to the front of the first user text, as the model takes none" or nil
    end,
    whole = function()
        return "asked for the answer in one piece, as the model does not stream it"
    end,
}

--- @class bedrock.Healing one call
local Healing = {}
Healing.__index = Healing

local function new(conn, params, send, wanted)
    local model = params.modelId or require("bedrock.healing.flat").model(params)
    local memory = heal.memory(conn, model or "")
    memory.cures = memory.cures or {}
    return setmetatable({ conn = conn, params = params, send = send, whole = wanted.whole,
        keep = wanted.keep or KEPT, model = model, memory = memory, done = {}, sentences = {} }, Healing)
end

--- What knows where things stand in the parameters: those of Converse have their model in modelId.
local function place_of(params)
    return require("bedrock.healing." .. (params.modelId ~= nil and "converse" or "flat"))
end

--- @return boolean changed
function Healing:apply(cure)
    local sentence = not self.done[cure.key] and APPLY[cure.kind](cure, self.params, place_of(self.params))
    if not sentence then
        return false
    end
    self.done[cure.key] = true
    self.sentences[#self.sentences + 1] = sentence
    return true
end

function Healing:remember(cure)
    for _, known in ipairs(self.memory.cures) do
        if known.key == cure.key then
            return
        end
    end
    self.memory.cures[#self.memory.cures + 1] = cure
    log.write("info", ("healed %s: %s"):format(tostring(self.model), self.sentences[#self.sentences]))
end

--- The profile, in place of a model that is not offered on demand.
--- @return table? cure
--- @return string? why there is none
function Healing:profile()
    local id, err = require("bedrock.models.resolve").profile(self.conn, self.model)
    return id and { kind = "model", key = "model", id = id }, err and (err.errors and err.errors[1] or err).message
end

function Healing:is_kept(text)
    for _, subject in ipairs(self.keep) do
        if words.refuse(text, subject) then
            return true
        end
    end
    return false
end

--- @return table[] cures that the words of a refusal name
--- @return string? why one of them is not to be had
function Healing:cures(err)
    local text = words.of(err)
    if not text or self:is_kept(text) then
        return {}
    elseif words.are_rivals(text) then
        return { { kind = "rivals", key = "rivals" } }
    elseif words.refuse(text, "throughput") then
        local cure, why = self:profile()
        return { cure }, why
    elseif words.refuse(text, "system") then
        return { { kind = "system", key = "system" } }
    elseif words.refuse(text, "streaming_tools") then
        return { self.whole and { kind = "whole", key = "whole" } }
    end
    local cures = {}
    for i, named in ipairs(words.named(text)) do
        cures[i] = { kind = "remove", key = "remove " .. named.name, name = named.name, in_thought = named.in_thought }
    end
    return cures
end

--- @return boolean changed
--- @return string? why not
function Healing:cure(err)
    local changed = false
    local cures, why = self:cures(err)
    for _, cure in ipairs(cures) do
        if self:apply(cure) then
            changed = true
            self:remember(cure)
        end
    end
    return changed, why
end

function Healing:try()
    local send = self.done.whole and self.whole or self.send
    return send(self.params)
end

function Healing:run()
    for _, cure in ipairs(self.memory.cures) do
        self:apply(cure)
    end
    local output, err = self:try()
    for _ = 1, CURES_MAX do
        local changed, why
        if output == nil then
            changed, why = self:cure(err)
        end
        err = why and errors.reworded(err, ("%s (heal: %s)"):format(err.message, why)) or err
        if not changed then
            break
        end
        output, err = self:try()
    end
    return output, err, self.sentences[1] and self.sentences or nil
end

--- @class bedrock.HealOptions
--- @field heal? boolean else it only sends
--- @field whole? fun(params: table): any, bedrock.Error? sends without streaming; takes the place of `send` when the
---   model does not stream
--- @field keep? string[] subjects whose refusals are left to the caller; by default those that chat does in another way

--- Sends; when the service's words name a cure, again with it, each cure once.
--- @param conn bedrock.Connection
--- @param params table of Converse or of generate: this call's own; what is in it is not changed
--- @param send fun(params: table): any, bedrock.Error?
--- @param wanted bedrock.HealOptions
--- @return any output
--- @return bedrock.Error? err
--- @return string[]? sentences what was done, now and by what is remembered
function heal.call(conn, params, send, wanted)
    if not (wanted and wanted.heal) then
        return send(params)
    end
    return new(conn, params, send, wanted):run()
end

return heal

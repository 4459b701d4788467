--- bedrock models
local FILTERS = { "provider", "kind", "name", "input", "output" }

--- Lists that could not be read are told of, as they are not in the table.
local function note_denied(self, list)
    local kinds = {}
    for kind in pairs(list.denied or {}) do
        kinds[#kinds + 1] = kind
    end
    table.sort(kinds)
    for _, kind in ipairs(kinds) do
        self:note(("%s is not listed: %s"):format(kind, list.denied[kind].message))
    end
end

--- A provider of no model may be misspelt.
local function note_unknown(self, provider)
    local known, names = {}, {}
    for _, model in ipairs(self:connect():models() or {}) do
        if model.provider and not known[model.provider] then
            known[model.provider] = true
            names[#names + 1] = model.provider
        end
    end
    table.sort(names)
    local core = require "bedrock.core"
    local lower = {}
    for i, name in ipairs(names) do
        lower[i] = name:lower()
        known[lower[i]] = name
    end
    local near = core.suggest(provider:lower(), lower)
    self:note(("no model is of %s%s"):format(core.shown(provider), near and (" (did you mean %s?)"):format(known[near])
        or names[1] and "; there are: " .. table.concat(names, ", ") or ""))
end

local function plain(list)
    local rows = {}
    for i, model in ipairs(list) do
        rows[i] = model
    end
    return require("bedrock.core").array(rows)
end

return {
    summary = "What can be called in this region.",
    arguments = function(parser)
        parser:option("--provider", "Only those of this one: Amazon, Anthropic, …"):argname "P"
        parser:option("--kind", "on_demand, inference_profile, custom, imported, provisioned, prompt_router or "
            .. "marketplace."):argname "KIND"
        parser:option("--name", "A part of the name."):argname "TEXT"
        parser:option("--input", "TEXT, IMAGE, … is taken."):argname "MODALITY"
        parser:option("--output", "TEXT, IMAGE, EMBEDDING, … is given."):argname "MODALITY"
        parser:flag("--streaming", "Only those that stream.")
    end,
    run = function(self, args)
        local filter = { streaming = args.streaming or nil }
        for _, name in ipairs(FILTERS) do
            filter[name] = args[name]
        end
        local list = self:check(self:connect():models(filter))
        local width = require("bedrock.core").terminal(1)
        if self.json then
            self:put_json(plain(list))
        else
            self:out(require("bedrock.prints.models")(list, width and width > 0 and width or nil), "\n")
        end
        if #list == 0 and args.provider then
            note_unknown(self, args.provider)
        end
        if self.json or not width then
            note_denied(self, list)
        end
    end,
}

--- bedrock test
local telling = require "bedrock.terminal.telling"

--- What is behind a name; where that cannot be told, the test tells why.
local function model_of(self, name)
    self.conn = name and require("bedrock").connect(self:settings().connect)
    if not self.conn then
        return name
    end
    local id, err = self:model_id(name)
    return id or err.kind == "validation" and self:fail(err) or name
end

--- Settings that were refused, in words that know where they came from and where else they could.
local function explain(found, report, err)
    local step = report.steps[#report.steps]
    local explained = require("bedrock.settings.refused").explained(found, err)
    if explained ~= err and step.name == "settings" then
        step.detail = tostring(explained)
    end
    step.hint = telling.advice(explained) or step.hint
end

local function tell(self, report)
    if self.json then
        return self:put_json(report)
    end
    self:out(telling.plain(tostring(report)), "\n")
end

return {
    summary = "Checks settings, certificate, credentials and access to Bedrock, step by step.",
    arguments = function(parser)
        parser:option("-m --model", "Also ask this model something; an ID, or a part of its name."):argname "MODEL"
    end,
    run = function(self, args)
        local found = self:settings()
        local report, err = require("bedrock").test(found.connect, { model = model_of(self, args.model) })
        report = report or err.report or self:fail(err)
        if err and err.kind == "config" then
            explain(found, report, err)
        end
        tell(self, report)
        return report.ok and 0 or 1
    end,
}

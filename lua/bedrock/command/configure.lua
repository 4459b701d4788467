--- bedrock configure
local answers = require "bedrock.terminal.answers"
local core = require "bedrock.core"
local questions = require "bedrock.terminal.questions"
local settings_file = require "bedrock.settings.file"
local telling = require "bedrock.terminal.telling"

local configure = {
    summary = "Asks for what a connection needs, looks at each answer, writes the settings file (for you alone) and "
        .. "tests it. Lines from a pipe will do.",
}

local function ask_for_model(self)
    local model = self:line("model, or a part of its name (none: -)", self.settings.model or "-")
    self.settings.model = model ~= "-" and model or nil
end

local function ask_for_all(self)
    local kind
    repeat
        kind = self:line("credentials from: certificate (IAM Roles Anywhere) or profile (AWS's files)",
            self.settings.auth == "profile" and "profile" or "certificate")
        for name in pairs(questions) do
            kind = #kind > 0 and name:sub(1, #kind) == kind:lower() and name or kind
        end
    until questions[kind] or self:say "certificate or profile"
    questions[kind](self)
    ask_for_model(self)
end

--- What can only be told of all of it together.
local function all_right(self)
    local whole = {}
    for name, value in pairs(self.settings) do
        if name ~= "model" and name ~= "system" then
            whole[name] = value
        end
    end
    local found, is_right = answers.problems(whole), true
    for name, problems in pairs(found) do
        is_right = false
        self:say(name .. ": " .. table.concat(problems, "\n"))
    end
    return is_right
end

local function place(self)
    local named = self.args.settings or os.getenv "BEDROCK_SETTINGS"
    local path = named ~= "" and named or settings_file.place(os.getenv)
    return path or self:usage "there is no home for a settings file: name one with --settings"
end

local function before(self, path)
    if not settings_file.exists(path) then
        return {}
    end
    local settings, why = settings_file.read(path)
    if not settings then
        self:fail(path .. ": " .. why)
    end
    return settings
end

local function write(self, path, settings)
    local directory = path:match "^(.*)/[^/]*$"
    if directory and directory ~= "" then
        self:check(core.make_directory(directory))
    end
    local ok, why = core.save(path, require("bedrock.terminal.settings_text")(settings, path))
    if not ok then
        self:fail(why)
    end
    self:note("wrote " .. path)
end

--- A name becomes the model's ID here, once, and not with each question. What cannot be looked up stays as it is.
local function look_up_model(self, asker, found)
    self.conn = asker.settings.model and require("bedrock").connect(found.connect)
    while self.conn and asker.settings.model do
        local name = asker.settings.model
        local id, err = self:model_id(name)
        if id then
            asker.settings.model = id
            return id ~= name and asker:say(("%s is %s"):format(name, id))
        end
        asker:say(telling.plain(tostring(err)))
        if err.kind ~= "validation" then
            return asker:say(("so %s is written as it is, and looked up with each question"):format(name))
        end
        ask_for_model(asker)
    end
end

function configure.run(self)
    core.interruptible(true)
    local path = place(self)
    local settings = before(self, path)
    for name, value in pairs(self.given) do
        settings[name] = value
    end
    local asker = require "bedrock.terminal.asker"(self, settings)
    repeat
        ask_for_all(asker)
    until all_right(asker)
    local found = self:check(require("bedrock.settings").with_file(settings, path))
    look_up_model(self, asker, found)
    write(self, path, settings)
    local report, err = require("bedrock").test(found.connect, { model = settings.model })
    report = report or err.report or self:fail(err)
    self:out(telling.plain(tostring(report)), "\n")
    return report.ok and 0 or 1
end

return configure

--- Files that are given to an agent.
local errors = require "bedrock.errors"
local options = require "bedrock.agents.options"

local files = {}

--- By the ends of their names; what agents take is in AWS's user guide ("Use files with your agent").
local MEDIA_TYPES = {
    csv = "text/csv", doc = "application/msword", html = "text/html", json = "application/json", md = "text/markdown",
    pdf = "application/pdf", txt = "text/plain", xls = "application/vnd.ms-excel", xml = "application/xml",
    yaml = "application/yaml", yml = "application/yaml", png = "image/png", jpg = "image/jpeg", jpeg = "image/jpeg",
    gif = "image/gif", webp = "image/webp",
    docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

local USES = { chat = "CHAT", code_interpreter = "CODE_INTERPRETER" }

local function contents(path)
    local file, why = io.open(path, "rb")
    local bytes = file and file:read "*a"
    if file then
        file:close()
    end
    return bytes, why
end

local function media_type(name)
    return MEDIA_TYPES[(name:match "%.(%w+)$" or ""):lower()]
end

local function use_of(file, path, problems)
    local use = USES[tostring(file.use or "chat"):lower()]
    if not use then
        options.add(problems, path .. ".use", "enum", 'must be "chat" or "code_interpreter"')
    end
    return use
end

local function source_of(file, name, path, problems)
    if file.s3 then
        return { sourceType = "S3", s3Location = { uri = file.s3 } }
    end
    local bytes, why = file.bytes, nil
    if bytes == nil and type(file.path) == "string" then
        bytes, why = contents(file.path)
    end
    local kind = file.media_type or name and media_type(name)
    if not bytes then
        options.add(problems, path, "file", "%s", why or "needs path, bytes or s3")
    elseif not kind then
        options.add(problems, path .. ".media_type", "missing", "missing: the name does not tell it")
    end
    return { sourceType = "BYTE_CONTENT", byteContent = { data = bytes, mediaType = kind } }
end

local function read(file, path, problems)
    if type(file) == "string" then
        file = { path = file }
    elseif type(file) ~= "table" then
        return options.add(problems, path, "type", "must be a path or a table, got %s", errors.type_of(file))
    end
    local name = file.name or (file.path or file.s3 or ""):match "[^/]+$"
    if not name then
        options.add(problems, path .. ".name", "missing", "missing")
    end
    return { name = name, source = source_of(file, name, path, problems), useCase = use_of(file, path, problems) }
end

--- A list of paths, or of {path = | bytes = | s3 =, name =, media_type =, use = "chat"|"code_interpreter"}.
--- @param given table?
--- @return table[]? list as AWS has them
--- @return bedrock.Error? err
function files.read(given)
    local problems, list = {}, {}
    for i, file in ipairs(given or {}) do
        list[i] = read(file, ("files[%d]"):format(i), problems)
    end
    if problems[1] then
        return nil, errors.validation("agent_session", problems)
    end
    return list[1] and list or nil
end

return files

--- Errors that list what is wrong with settings or parameters.
local core = require "bedrock.core"
local errors = require "bedrock.errors"

local problems = {}

local function in_order(a, b)
    if a.path ~= b.path then
        return core.before(a.path, b.path)
    end
    return a.message < b.message
end

--- Sorts them in the same order as problems from C, because a table has none.
--- @param list bedrock.Problem[]
--- @return string[] texts one for each
function problems.texts(list)
    local texts = {}
    table.sort(list, in_order)
    for i, problem in ipairs(list) do
        texts[i] = problem.path ~= "" and problem.path .. ": " .. problem.message or problem.message
    end
    return texts
end

local function of_problems(kind, code, operation, list)
    return errors.new {
        kind = kind,
        code = code,
        operation = operation,
        message = table.concat(problems.texts(list), "\n"),
        errors = list,
    }
end

--- @param operation string
--- @param list bedrock.Problem[]
--- @return bedrock.Error
function problems.validation(operation, list)
    return of_problems("validation", "ValidationError", operation, list)
end

--- @param operation string
--- @param list bedrock.Problem[]
--- @return bedrock.Error
function problems.config(operation, list)
    return of_problems("config", "ConfigError", operation, list)
end

return problems

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

--- In the same order as problems from C, because a table has none.
local function of_problems(kind, code, operation, list)
    local lines = {}
    table.sort(list, in_order)
    for i, problem in ipairs(list) do
        lines[i] = problem.path ~= "" and problem.path .. ": " .. problem.message or problem.message
    end
    return errors.new {
        kind = kind,
        code = code,
        operation = operation,
        message = table.concat(lines, "\n"),
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

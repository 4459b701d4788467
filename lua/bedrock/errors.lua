--- Errors as values: what every failing function returns after nil.
local core = require "bedrock.core"
local lazy = require "bedrock.base.lazy"

--- One thing that is wrong with settings or parameters.
--- @class bedrock.Problem
--- @field path string "messages[1].content", or a setting's name
--- @field kind bedrock.ProblemKind of what sort
--- @field message string what is wrong, and what to do

--- What every failing function returns after nil. `tostring(err)` reads well and shows no secret; so does `..`.
--- @class bedrock.Error
--- @field kind bedrock.ErrorKind what part failed
--- @field code bedrock.ErrorCode the service's name for it, or ours
--- @field message string what is wrong, where, and what to do
--- @field operation? string that failed
--- @field status? integer of the HTTP answer, if there was one
--- @field request_id? string what AWS's support asks for
--- @field headers? table<string, string> of the answer, as in bedrock.Metadata, but without set-cookie; not of one
---   that refused credentials
--- @field retry_after? number seconds that the service asked to wait
--- @field retryable boolean the same call may succeed later
--- @field attempts? integer requests of the operation itself; 0: no credentials could be obtained for it
--- @field errors? bedrock.Problem[] all that is wrong with settings or parameters, by path
--- @field fields? table members of a service error
--- @field output? table the last answer that wait got
--- @field partial? any from gather: what a stream had brought when it broke; from generate: what came before
--- @field input? integer from generate of a list: the first input that has no answer
--- @field report? bedrock.TestReport from test: all steps; printed with the error
--- @operator concat(any): string

local errors = {}

--- @param value any
--- @return string words for its type, as messages say it: "a string", "nil"
function errors.type_of(value)
    return value == nil and "nil" or "a " .. type(value)
end

--- Shared with the errors that C makes.
local Error = core.error_metatable

local function origin(err)
    local notes = {}
    if err.status then
        notes[#notes + 1] = "status " .. err.status
    end
    if err.request_id then
        notes[#notes + 1] = "request " .. err.request_id
    end
    if (err.attempts or 0) > 1 then
        notes[#notes + 1] = err.attempts .. " attempts"
    end
    return notes[1] and " (" .. table.concat(notes, ", ") .. ")" or ""
end

--- A test's report says more than the error that ended it, and contains that error.
--- @param err bedrock.Error
--- @return string
function errors.text(err)
    if err.report then
        return "the test failed:\n" .. tostring(err.report)
    end
    local prefix = err.operation and err.operation .. ": " or ""
    if err.errors then
        return prefix .. tostring(err.message):gsub("\n", "\n" .. prefix)
    end
    return prefix .. tostring(err.code) .. ": " .. tostring(err.message) .. origin(err)
end
Error.__tostring = errors.text

local function readable(value)
    return errors.is(value) and errors.text(value) or value
end

--- In `..` an error reads as with tostring. What cannot be joined with a string raises, as usual.
--- @return string
function errors.concat(left, right)
    return readable(left) .. readable(right)
end
Error.__concat = errors.concat

--- @param fields table kind, code, message, and what else is known
--- @return bedrock.Error
function errors.new(fields)
    if fields.retryable == nil then
        fields.retryable = false
    end
    return setmetatable(fields, Error)
end

--- The same failure, with more to say. Others may have got the error that it is made from.
--- @param err bedrock.Error
--- @param message string
--- @return bedrock.Error
function errors.reworded(err, message)
    local copy = {}
    for name, value in pairs(err) do
        copy[name] = value
    end
    copy.message = message
    return errors.new(copy)
end

--- @param value any
--- @return boolean
function errors.is(value)
    return getmetatable(value) == Error
end

lazy(errors, { config = "base.problems.config", validation = "base.problems.validation" })

return errors

--- Jobs of one turn, all at the same time.
local errors = require "bedrock.errors"
local task = require "bedrock.tasks.task"

--- What is to be raised of several errors: the first that is no cancellation. The others are cancelled because of it.
local function cause(errs, count)
    local cancelled
    for i = 1, count do
        local err = errs[i]
        if errors.is(err) and err.kind == "cancelled" then
            cancelled = cancelled or err
        elseif err ~= nil then
            return err
        end
    end
    return cancelled
end

--- Waits for all. What one raises cancels the others, and is raised.
--- @param jobs function[]
--- @param limit integer? how many run at once; all if not given
return function(jobs, limit)
    if #jobs < 2 then
        return jobs[1] and jobs[1]()
    end
    local _, errs = task.parallel(jobs, { limit = limit, stop_on_error = true })
    if errs then
        error(cause(errs, #jobs), 0)
    end
end

--- Programs of their own, run by the interpreter that runs the specs.
local program = {}

--- The command that runs these specs.
function program.interpreter()
    local lowest = 0
    while arg[lowest - 1] do
        lowest = lowest - 1
    end
    return arg[lowest]
end

--- Runs a chunk in a process of its own.
--- @param before string? what stands before the interpreter in the command
--- @param outputs string? redirections: by default both outputs are read
--- @return string # what it wrote
--- @return string # the file it was in
function program.run(code, before, outputs)
    local name = os.tmpname()
    local file = assert(io.open(name, "w"))
    file:write(code)
    file:close()
    local pipe = assert(io.popen(("%s %s %s %s"):format(before or "", program.interpreter(), name, outputs or "2>&1")))
    local output = pipe:read "*a"
    pipe:close()
    os.remove(name)
    return output, name
end

return program

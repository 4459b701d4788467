--- What busted asks of a file system, for a Lua for which lua-filesystem is in no package.
local lfs = {}

local function output(command)
    local pipe = assert(io.popen(command .. " 2>/dev/null"))
    local text = pipe:read "*a"
    pipe:close()
    return text
end

local function quoted(path)
    return "'" .. path:gsub("'", "'\\''") .. "'"
end

local MODES = { ["regular file"] = "file", ["regular empty file"] = "file", directory = "directory" }

function lfs.attributes(path, member)
    local kind, size, modified = output("stat -L -c '%F|%s|%Y' " .. quoted(path)):match "^(.-)|(%d+)|(%d+)\n$"
    local all = kind and { mode = MODES[kind] or "other", size = tonumber(size), modification = tonumber(modified) }
    return all and (member and all[member] or not member and all) or nil
end

lfs.symlinkattributes = lfs.attributes

function lfs.currentdir()
    return (output "pwd":gsub("\n$", ""))
end

--- Specs run where they are.
function lfs.chdir()
    return true
end

function lfs.dir(path)
    return output("ls -a " .. quoted(path)):gmatch "[^\n]+"
end

return lfs

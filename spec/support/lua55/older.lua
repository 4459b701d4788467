--- Lets Lua 5.5 load what others wrote for older Luas: there a loop's variables may be assigned to, so those that are
--- get a local of their own.
local function load_older(path)
    local file = assert(io.open(path))
    local text = file:read "*a"
    file:close()
    for _ = 1, 8 do
        local chunk, why = load(text, "@" .. path)
        local name = why and why:match "attempt to assign to const variable '([%w_]+)'"
        if not name then
            return chunk, why
        end
        local loop = "(%f[%w]for [^\n]*%f[%w_]" .. name .. "%f[^%w_][^\n]* in [^\n]-%f[%w]do%f[%W])"
        text = text:gsub(loop, "%1 local " .. name .. " = " .. name)
    end
    return nil, path .. ": cannot be loaded by " .. _VERSION
end

table.insert(package.searchers, 2, function(name)
    local path = package.searchpath(name, package.path)
    if path and path:find "^/usr/share/lua/" then
        return assert(load_older(path)), path
    end
end)

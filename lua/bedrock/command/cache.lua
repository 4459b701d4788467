--- bedrock cache list|clear
local core = require "bedrock.core"

local function directory(self)
    local given = self:settings().connect
    if type(given.cache) == "string" and given.cache:find "^redis" then
        self:usage "the cache is in Redis, where entries end with the credentials; this looks at files"
    end
    return given.cache_dir
end

local function state(entry, now)
    local left = entry.expiration - now
    return left > 0 and ("%d minutes left"):format(math.floor(left / 60)) or "ended"
end

local function list(self, found, path)
    if self.json then
        return self:put_json { directory = path, entries = core.array(found) }
    end
    local now = os.time()
    for _, entry in ipairs(found) do
        self:out(("%s  %s  %s\n"):format(entry.identity:sub(1, 16), os.date("!%Y-%m-%d %H:%M:%S UTC", entry.expiration),
            state(entry, now)))
    end
    self:note(("%d in %s"):format(#found, path))
end

local function clear(self, found, path, cache_dir)
    local count = 0
    for _, entry in ipairs(found) do
        count = count + (core.cache_remove(cache_dir, entry.identity) and 1 or 0)
    end
    if self.json then
        return self:put_json { directory = path, removed = count }
    end
    self:note(("removed %d from %s"):format(count, path))
    return count == #found and 0 or 1
end

return {
    summary = "The credentials that are kept in files for all programs, and how long they last. Never a secret.",
    arguments = function(parser)
        parser:argument("action", "list or clear"):choices { "list", "clear" }
    end,
    run = function(self, args)
        local cache_dir = directory(self)
        local found, path = core.cache_files(cache_dir)
        if not found then
            self:fail "there is no cache directory that can be used"
        end
        table.sort(found, function(a, b)
            return a.identity < b.identity
        end)
        if args.action == "list" then
            return list(self, found, path)
        end
        return clear(self, found, path, cache_dir)
    end,
}

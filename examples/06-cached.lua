--- Where do the credentials come from? Run it twice: the second process finds those of the first in the
--- encrypted cache and makes no exchange of its own.
local bedrock = require "bedrock"

local conn = assert(bedrock.open())
local credentials = assert(conn:credentials())

print(("%s, from %s, valid for %d minutes"):format(credentials.access_key_id,
    ({ exchange = "a new exchange", memory = "memory", file = "the cache of an earlier process" })[credentials.cache]
        or credentials.source,
    math.floor((credentials.seconds_left or 0) / 60)))

conn:close()

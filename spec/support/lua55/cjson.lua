--- JSON for specs on a Lua for which lua-cjson is in no package.
local json = require("bedrock").json

return { decode = json.decode, encode = json.encode, null = require("bedrock").null }

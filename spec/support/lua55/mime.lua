--- Base64 for a Lua for which lua-socket is in no package.
local core = require "bedrock.core"

return { b64 = core.base64_encode, unb64 = core.base64_decode }

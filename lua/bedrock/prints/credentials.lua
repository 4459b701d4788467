--- Credentials: what is known of them, never a secret.
local members = require "bedrock.prints.members"

--- @param value bedrock.CredentialsInfo|bedrock.ExportedCredentials
--- @return string
return function(value)
    return members.text(value)
end

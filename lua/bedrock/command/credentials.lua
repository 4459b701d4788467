--- bedrock credentials
local lent = require "bedrock.terminal.lent"
local quoting = require "bedrock.terminal.quoting"

--- What the SDKs expect of a credential_process; without an expiration they keep it for good.
local function process(self, secrets)
    self:put_json {
        Version = 1,
        AccessKeyId = secrets.access_key_id,
        SecretAccessKey = secrets.secret_access_key,
        SessionToken = secrets.session_token,
        Expiration = lent.iso(secrets.expiration),
    }
end

local function env(self, secrets)
    for _, pair in ipairs(lent.variables(secrets)) do
        self:out("export ", pair[1], "=", quoting.shell(pair[2]), "\n")
    end
end

local function ini(self, secrets)
    self:out("[default]\naws_access_key_id = ", secrets.access_key_id, "\naws_secret_access_key = ",
        secrets.secret_access_key, "\n")
    if secrets.session_token then
        self:out("aws_session_token = ", secrets.session_token, "\n")
    end
end

local SECRET = { process = process, env = env, ini = ini }

--- For people to look at: no secrets.
local function facts(self)
    local info = self:check(self:connect():credentials())
    if self.json then
        self:put_json(info)
    else
        self:out(tostring(info), "\n")
    end
end

return {
    summary = "Credentials for other programs. As credential_process in ~/.aws/config: bedrock credentials. "
        .. "On a terminal it tells what they are, without secrets.",
    arguments = function(parser)
        parser:option("--format", "process (the default where standard output is no terminal), env, ini, or table "
            .. "(the default on a terminal; no secrets)."):choices { "process", "env", "table", "ini" }
    end,
    run = function(self, args)
        local format = args.format or require("bedrock.core").terminal(1) and "table" or "process"
        if format == "table" then
            return facts(self)
        end
        SECRET[format](self, lent.secrets(self))
    end,
}

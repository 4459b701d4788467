--- Credentials from the machine in a real nginx, whose workers wait for whatever child ends.
local site = dofile "spec/nginx/site.lua"

describe("in nginx, credentials", function()
    local here = site.each()
    local ep = here.ep

    local function answers(settings)
        settings.endpoint, settings.ca_file = ep.https, here.ca_file
        here.settings.way = settings
        local server = here:start()
        for _ = 1, 2 do
            local status, said = server:get "/converse?conn=way"
            assert.equal(200, status, said)
        end
        here:stop()
    end

    it("come from a function, which is called once for requests at the same time", function()
        local server = here:start()
        local _, said = server:get "/asked_at_once"
        assert.equal(("answered, 1 asked\n"):rep(5), said)
        here:stop()
    end)

    it("come from a container's endpoint", function()
        answers {
            auth = "container",
            container = { uri = ep.http .. "/container/credentials", authorization_token = ep.container_token },
        }
        assert.equal(1, ep:counters().GetContainerCredentials)
    end)

    it("come from an instance's metadata", function()
        answers { auth = "instance", instance = { endpoint = ep.http } }
        assert.equal(1, ep:counters().GetInstanceCredentials)
    end)

    it("come from a program", function()
        local path = here.dir .. "/helper"
        local file = assert(io.open(path, "wb"))
        file:write(([[#!/bin/sh
printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"%s"}'
]]):format(ep.access_key_id, ep.secret_access_key))
        file:close()
        os.execute("chmod 755 " .. path)
        answers { auth = "process", credential_process = path }
    end)

    it("come from a profile of AWS's shared files, with a role", function()
        local path = here.dir .. "/config"
        local file = assert(io.open(path, "wb"))
        file:write(([[
[profile dev]
role_arn = arn:aws:iam::123456789012:role/nginx
source_profile = base
[profile base]
aws_access_key_id = %s
aws_secret_access_key = %s
]]):format(ep.access_key_id, ep.secret_access_key))
        file:close()
        os.execute("chmod 644 " .. path)
        answers { auth = "chain", profile = "dev", config_file = path }
        assert.equal(1, ep:counters().AssumeRole)
    end)

    it("do not come from a program that fails", function()
        here.settings.way = { auth = "process", credential_process = "false", endpoint = ep.https,
            ca_file = here.ca_file }
        local server = here:start()
        local status, said = server:get "/converse?conn=way"
        assert.equal(502, status)
        assert.is_truthy(said:find("ProcessFailed", 1, true) or said:find("BadResponse", 1, true), said)
        here:stop()
    end)
end)

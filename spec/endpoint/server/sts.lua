--- STS, as far as credentials need it: AssumeRole and AssumeRoleWithWebIdentity, in the query protocol.
-- luacheck: std ngx_lua
local fixtures = require "server.fixtures"
local refusal = require "server.refusal"
local request_reader = require "server.request"
local sessions = require "server.sessions"
local sigv4 = require "server.sigv4"
local state = require "server.state"

local sts = { operations = {} }

local ACTIONS = { AssumeRole = true, AssumeRoleWithWebIdentity = true }
local VERSION = "2011-06-15"

--- The action that a form asks for, if it is one of these.
--- @return table? route
function sts.route(request, path)
    if request.method ~= "POST" or path ~= "/" then
        return nil
    end
    local form = request_reader.arguments(request.body)
    if form.Version ~= VERSION or not ACTIONS[form.Action] then
        return nil
    end
    request.form = form
    return { service = "sts", operation = form.Action }
end

--- Requests with a token of another's are not signed.
function sts.verify(request)
    if request.form.Action == "AssumeRole" then
        return sigv4.verify(request, "sts")
    elseif request:header("authorization") then
        refusal.validation("AssumeRoleWithWebIdentity is not signed")
    end
    return { region = "us-east-1" }
end

--- Limits of AssumeRole's parameters, from its reference.
local SHAPES = {
    RoleArn = { 20, 2048, "^arn:aws[%w-]*:iam::%d+:role/" },
    RoleSessionName = { 2, 64, "^[%w+=,.@_-]+$" },
    ExternalId = { 2, 1224, "^[%w+=,.@:/_-]+$" },
    Policy = { 1, 2048, "^%s*{" },
    SourceIdentity = { 2, 64, "^[%w+=,.@_-]+$" },
}

local function invalid(name)
    refusal.raise(400, "ValidationError", "1 validation error detected: Value at '" .. name
        .. "' failed to satisfy constraint")
end

local function check(form)
    for name, shape in pairs(SHAPES) do
        local value = form[name]
        if value and (#value < shape[1] or #value > shape[2] or not value:find(shape[3])) then
            invalid(name)
        end
    end
    for _, name in ipairs { "RoleArn", "RoleSessionName" } do
        if not form[name] then
            invalid(name)
        end
    end
    for name in pairs(form) do
        local known = SHAPES[name] or name == "Action" or name == "Version" or name == "DurationSeconds"
            or name == "WebIdentityToken" or name:find("^PolicyArns%.member%.%d+%.arn$")
            or name:find("^Tags%.member%.%d+%.%u%l+$") or name:find("^TransitiveTagKeys%.member%.%d+$")
        if not known then
            invalid(name)
        end
    end
end

local function lifetime_of(form)
    local seconds = tonumber(form.DurationSeconds or 3600)
    if not seconds or seconds < 900 or seconds > 43200 or seconds % 1 ~= 0 then
        invalid("DurationSeconds")
    end
    return state.config.role_lifetime_s > 0 and state.config.role_lifetime_s or seconds
end

local ANSWER = [[<?xml version="1.0" encoding="UTF-8"?>
<%sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <%sResult>
    <AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:%s</AssumedRoleId><Arn>%s/%s</Arn></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>%s</AccessKeyId>
      <SecretAccessKey>%s</SecretAccessKey>
      <SessionToken>%s</SessionToken>
      <Expiration>%s</Expiration>
    </Credentials>
    <PackedPolicySize>6</PackedPolicySize>
  </%sResult>
  <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>
</%sResponse>
]]

local function answer_of(form)
    check(form)
    local lifetime = lifetime_of(form)
    if state.config.exchange_delay_ms > 0 then
        ngx.sleep(state.config.exchange_delay_ms / 1000)
    end
    local set = sessions.issue(lifetime)
    set.role, set.session_name = form.RoleArn, form.RoleSessionName
    local action, name = form.Action, form.RoleSessionName
    return {
        headers = { ["Content-Type"] = "text/xml" },
        body = ANSWER:format(action, action, name, (form.RoleArn:gsub(":iam:", ":sts:")), name,
            set.access_key_id, set.secret_access_key, set.session_token,
            os.date("!%Y-%m-%dT%H:%M:%SZ", set.expires), action, action),
    }
end

sts.operations["sts.AssumeRole"] = function(request)
    return answer_of(request.form)
end

sts.operations["sts.AssumeRoleWithWebIdentity"] = function(request)
    local token = request.form.WebIdentityToken
    if token == fixtures.web_identity_token .. ".expired" then
        refusal.raise(400, "ExpiredTokenException", "Token expired: current date/time must be before the "
            .. "expiration date/time")
    elseif token ~= fixtures.web_identity_token then
        refusal.raise(400, "InvalidIdentityToken", "The ID Token provided is not a valid JWT.")
    end
    return answer_of(request.form)
end

local REFUSAL = [[<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error>
  <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>
</ErrorResponse>
]]

--- The form of STS's own refusals.
function sts.refused(why)
    return {
        status = why.status,
        headers = { ["Content-Type"] = "text/xml" },
        body = REFUSAL:format(why.code, (why.message:gsub("&", "&amp;"):gsub("<", "&lt;"))),
    }
end

return sts

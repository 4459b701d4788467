--- A settings file for the examples: copy it, fill in your own, and run
---
---     BEDROCK_SETTINGS=/path/to/settings.lua lua5.4 examples/03-converse.lua
---
--- It is an ordinary Lua file that returns a table, so it can read secrets from wherever you keep them.
return {
    -- What bedrock.connect takes; README.md lists every option.
    connection = {
        -- IAM Roles Anywhere: a certificate of your own authority becomes temporary credentials.
        auth = "roles_anywhere",
        trust_anchor_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/TRUST-ANCHOR-ID",
        profile_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/PROFILE-ID",
        role_arn = "arn:aws:iam::123456789012:role/ROLE-NAME",
        certificate = "/etc/bedrock/client.pem",
        private_key = "/etc/bedrock/client.key",
        session_name = "lua-bedrock-examples",
        region = "us-east-1",

        -- Or access keys:
        -- auth = "access_keys",
        -- access_key_id = os.getenv "AWS_ACCESS_KEY_ID",
        -- secret_access_key = os.getenv "AWS_SECRET_ACCESS_KEY",
        -- session_token = os.getenv "AWS_SESSION_TOKEN",

        -- Or a Bedrock API key:
        -- auth = "api_key",
        -- api_key = os.getenv "AWS_BEARER_TOKEN_BEDROCK",
    },

    -- A model your account may use: ID, ARN or inference profile.
    model = "us.amazon.nova-lite-v1:0",

    -- For 07-regions.lua: two more regions with Bedrock; the second need not be one this version lists.
    other_region = "eu-central-1",
    custom_region = "us-west-2",

    -- For 05-agent.lua: an agent of yours and one of its aliases.
    agent = { id = "AGENT-ID", alias = "ALIAS-ID" },

    -- For 08-ways-in.lua: connections whose credentials come from elsewhere; docs/credentials.md lists what there is.
    ways = {
        { name = "a profile", connection = { auth = "profile", profile = "PROFILE", region = "us-east-1" } },
        -- { name = "this pod or task", connection = { auth = "container", region = "us-east-1" } },
        -- { name = "this instance", connection = { auth = "instance", region = "us-east-1" } },
    },
}

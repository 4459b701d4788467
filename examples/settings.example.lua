--- A settings file for the command, for bedrock.open, and so for the examples. Copy it, fill in your own, and run
---
---     chmod 600 settings.lua
---     BEDROCK_SETTINGS=$PWD/settings.lua lua5.4 examples/03-converse.lua
---
--- As ~/.config/bedrock/settings.lua it is found without being named; `bedrock configure` writes it there.
return {
    -- IAM Roles Anywhere: a certificate of your own authority becomes temporary credentials.
    auth = "roles_anywhere",
    trust_anchor_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/TRUST-ANCHOR-ID",
    profile_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/PROFILE-ID",
    role_arn = "arn:aws:iam::123456789012:role/ROLE-NAME",
    certificate = "/etc/bedrock/client.pem",
    private_key = "/etc/bedrock/client.key",
    session_name = "lua-bedrock-examples",

    -- Or what AWS's own tools use: a profile, the environment, the pod or the instance.
    -- auth = "chain",

    -- Or access keys, or a Bedrock API key. Better leave these to the environment (BEDROCK_SECRET_ACCESS_KEY, …).
    -- auth = "access_keys", access_key_id = "…", secret_access_key = "…", session_token = "…",
    -- auth = "api_key", api_key = "…",

    region = "us-east-1",

    -- In ms: to get a connection, to the next byte (models may think for a while), and for the whole call.
    connect_timeout = 5000,
    read_timeout = 120000,
    total_timeout = 600000,

    -- A model your account may use: ID, ARN or inference profile.
    model = "us.amazon.nova-lite-v1:0",
}

--- The three ways to choose regions: `lua5.4 examples/07-regions.lua OTHER-REGION NEW-REGION`.
local bedrock = require "bedrock"

local other, new = arg[1] or "eu-central-1", arg[2] or "us-west-2"

local function show(title, conn, err)
    local profiles
    if conn then
        profiles, err = conn:models { kind = "inference_profile" }
    end
    if not profiles then
        io.stderr:write(title, ": ", tostring(err), "\n")
        os.exit(1)
    end
    print(("%-14s %d inference profiles, as %s"):format(title, #profiles, profiles[1] and profiles[1].arn or "none"))
    conn:close()
end

-- One region for everything, Roles Anywhere included: the one of the settings.
local home = assert(bedrock.open())
local region, auth = home.region, home.auth
show("single region", home)

-- Bedrock in one region, Roles Anywhere in another: the one of trust anchor and profile.
local roles_anywhere_region = auth == "roles_anywhere" and region or nil
show("multi-region", bedrock.open { region = other, roles_anywhere_region = roles_anywhere_region })

-- A region this version does not list yet.
show("custom region", bedrock.open { custom_region = new, roles_anywhere_region = roles_anywhere_region })

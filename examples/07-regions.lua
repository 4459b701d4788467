--- The three ways to choose regions.
local bedrock = require "bedrock"
local settings = dofile "examples/settings.lua"

--- The settings' connection with other regions.
local function with(regions)
    local connection = {}
    for name, value in pairs(settings.connection) do
        connection[name] = value
    end
    connection.custom_region, connection.region = regions.custom_region, regions.region
    if connection.auth == "roles_anywhere" then
        connection.roles_anywhere_region = regions.roles_anywhere_region
    end
    return connection
end

local function show(title, connection)
    local conn, err = bedrock.connect(connection)
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

local home = settings.connection.region

-- One region for everything, Roles Anywhere included.
show("single region", with { region = home })

-- Bedrock in one region, Roles Anywhere in another: the one of trust anchor and profile.
show("multi-region", with { region = settings.other_region, roles_anywhere_region = home })

-- A region this version does not list yet.
show("custom region", with { custom_region = settings.custom_region, roles_anywhere_region = home })

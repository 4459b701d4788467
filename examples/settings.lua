--- Reads the settings the examples share: the file that BEDROCK_SETTINGS names.
local path = os.getenv "BEDROCK_SETTINGS"
if not path then
    io.stderr:write("Set BEDROCK_SETTINGS to a settings file; examples/settings.example.lua shows how. ",
        "Or run `make demo`.\n")
    os.exit(2)
end
return dofile(path)

local options = require "bedrock.settings.options"

--- Words that others take for options, and what to do about them. What a secret is was not read, so it is not shown.
return function(words)
    for _, word in ipairs(words) do
        local name = (word:match "^%-%-([^=]+)" or ""):gsub("%-", "_")
        if word == "--" then
            return nil
        elseif options.known[name] and options.known[name].secret then
            return ("%s: secrets are no arguments, which all users of a machine can read: BEDROCK_%s in the "
                .. "environment, or %s in the settings file"):format("--" .. name:gsub("_", "-"), name:upper(), name)
        elseif word:find "^%-%d" then
            return ("%s is taken for an option: words that begin with - stand behind --, values of options behind =")
                :format(word)
        end
    end
end

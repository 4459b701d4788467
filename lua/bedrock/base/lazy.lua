--- Functions whose modules are loaded when they are first called: most programs call few of them.
--- @param functions table gets a function for each name, and the module's own in its place once that is loaded
--- @param places table<string, string> where each is: "module.function", without the "bedrock." before it
return function(functions, places)
    for name, place in pairs(places) do
        functions[name] = function(...)
            local module, own_name = place:match "^(.*)%.(.*)$"
            functions[name] = require("bedrock." .. module)[own_name]
            return functions[name](...)
        end
    end
end

--- bedrock version
return {
    summary = "The version.",
    run = function(self)
        self:out("bedrock ", require("bedrock")._VERSION, "\n")
    end,
}

--- bedrock resolve NAME
return {
    summary = "The model ID or inference profile behind a name, as this region's operations take it.",
    arguments = function(parser)
        parser:argument("name", "As in: bedrock resolve 'claude sonnet 4.5'"):args "+"
        parser:flag("--global", "Requests may be served anywhere.")
    end,
    run = function(self, args)
        local name = table.concat(args.name, " ")
        local id = self:check(self:connect():resolve(name, { global = args.global or nil }))
        if self.json then
            self:put_json { name = name, id = id }
        else
            self:out(id, "\n")
        end
    end,
}

--- What busted asks of lua-term: whether it writes to a terminal.
return {
    isatty = function()
        return false
    end,
}

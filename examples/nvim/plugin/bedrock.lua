--- A plugin for Neovim that asks a model, and streams the answer into a window. See docs/neovim.md.
---
---     :Bedrock Why is the sky blue?
---     :'<,'>Bedrock Explain this code      these lines, too
---     :BedrockStop                         ends the answer in this buffer; so does closing its window
---
--- Settings are those of the command: its file, and the variables BEDROCK_….
local api = vim.api
local conn, own
local tasks = {}

local function connect()
    if not conn then
        local opened, err, found = require("bedrock").open()
        assert(opened, err)
        assert(found.model, "no model is set: bedrock configure asks for one, or set BEDROCK_MODEL")
        conn, own = opened, found
    end
    return conn
end

local function append(buffer, text)
    local last = api.nvim_buf_line_count(buffer)
    local column = #api.nvim_buf_get_lines(buffer, last - 1, last, true)[1]
    api.nvim_buf_set_text(buffer, last - 1, column, last - 1, column, vim.split(text, "\n", { plain = true }))
    for _, window in ipairs(vim.fn.win_findbuf(buffer)) do
        if api.nvim_win_get_cursor(window)[1] == last then
            api.nvim_win_set_cursor(window, { api.nvim_buf_line_count(buffer), 0 })
        end
    end
end

local function answer(buffer, question)
    local stream = assert(connect():converse_stream {
        modelId = own.model,
        system = own.system and { { text = own.system } },
        messages = { { role = "user", content = { { text = question } } } },
    })
    for name, event in stream:events() do
        if name == "contentBlockDelta" and event.delta.text then
            append(buffer, event.delta.text)
        end
    end
end

--- A window in which nothing came is closed.
local function leave(buffer)
    if api.nvim_buf_is_valid(buffer) and table.concat(api.nvim_buf_get_lines(buffer, 0, -1, true)) == "" then
        api.nvim_buf_delete(buffer, { force = true })
    end
end

local function stop(buffer)
    if tasks[buffer] then
        tasks[buffer]:cancel()
    end
end

api.nvim_create_user_command("Bedrock", function(command)
    local lines = command.range > 0 and api.nvim_buf_get_lines(0, command.line1 - 1, command.line2, true) or {}
    local question = table.concat({ command.args, unpack(lines) }, "\n")
    vim.cmd "botright new | setlocal buftype=nofile bufhidden=wipe noswapfile filetype=markdown"
    local buffer = api.nvim_get_current_buf()
    api.nvim_create_autocmd("BufWipeout", { buffer = buffer, callback = function() stop(buffer) end })
    tasks[buffer] = require("bedrock").spawn(function()
        local ok, why = pcall(answer, buffer, question)
        tasks[buffer] = nil
        leave(buffer)
        if type(why) == "table" and why.kind == "cancelled" then
            vim.notify "Bedrock: stopped"
        elseif not ok then
            vim.notify("Bedrock: " .. tostring(why), vim.log.levels.ERROR)
        end
    end)
end, { nargs = "+", range = true })

api.nvim_create_user_command("BedrockStop", function() stop(api.nvim_get_current_buf()) end, {})

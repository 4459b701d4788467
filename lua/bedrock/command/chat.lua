--- bedrock chat [-m MODEL] [--resume FILE]
local core = require "bedrock.core"
local lines = require "bedrock.terminal.lines"
local talk = require "bedrock.terminal.talk"

local chat = { summary = "A conversation in the terminal; /help tells what there is." }

function chat.arguments(parser)
    talk.arguments(parser)
    parser:option("--resume", "Go on with a saved chat."):argname "FILE"
    parser:flag("-c --continue", "Go on with the last talk."):target "continued"
    parser:flag("--no-history", "Keep no lines, and no talk.")
end

function chat.run(context, args)
    local is_terminal = core.terminal(0)
    local options = talk.options(context, args)
    options.messages = args.resume or args.continued and talk.last(context) or nil
    local session = require "bedrock.terminal.session"(context, options, is_terminal and "> " or "")
    local path, directory = talk.place "lines"
    local keeps = not args.no_history and path ~= nil and core.make_directory(directory)
    local read, close = lines.open(keeps and path or nil)
    core.interruptible(false)
    if is_terminal then
        session:greet()
    end
    session:run(read)
    close()
    if keeps and session.chat.messages[1] then
        talk.keep(context, session.chat)
    end
    if is_terminal then
        context:out "\n"
        session:usage()
    end
end

return chat

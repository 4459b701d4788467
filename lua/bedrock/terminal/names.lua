--- The subcommands, in the order of help, each with its line there.
local names = {}

local LIST = {
    { "Talk" },
    { "ask", "one question, answered as it comes" },
    { "chat", "a conversation in the terminal" },
    { "generate", "text from any model family, in one shot" },
    { "image", "an image from a prompt" },
    { "embed", "an embedding for each line of standard input" },
    { "agent", "ask an agent, a harness or a runtime" },
    { "kb", "ask a knowledge base" },
    { "Look" },
    { "models", "what can be called in this region" },
    { "resolve", "the ID or inference profile behind a name" },
    { "call", "any operation of AWS's" },
    { "describe", "what an operation takes and returns" },
    { "skeleton", "an input of an operation to fill in" },
    { "operations", "all operations" },
    { "Access" },
    { "configure", "write the settings file, step by step" },
    { "test", "does it work? step by step" },
    { "certificate", "what a certificate says, and what Roles Anywhere would refuse" },
    { "credentials", "credentials for other programs (credential_process)" },
    { "exec", "run a program with credentials in its environment" },
    { "api-key", "a short-term API key" },
    { "sign", "headers that sign a request" },
    { "presign", "a URL that carries its signature" },
    { "cache", "list or clear cached credentials" },
    { "config", "show the settings and where they are from" },
    { "More" },
    { "completion", "for bash, zsh or fish" },
    { "help", "this, or help for a subcommand" },
    { "version", "the version" },
}

local files = {}
for _, row in ipairs(LIST) do
    if row[2] then
        files[row[1]] = row[1]:gsub("%-", "_")
    end
end

--- @return table[] rows {name, line}, or {headline}
function names.rows()
    return LIST
end

--- @return string[]
function names.list()
    local list = {}
    for _, row in ipairs(LIST) do
        list[#list + 1] = row[2] and row[1]
    end
    return list
end

--- @return string? file of the module, below bedrock.command
function names.file(name)
    return files[name]
end

return names

--- Every code block of every page says its language, and is at least parsed; pages' own specs run them. What is no code
--- (output, a table of files) is `text`.
local cjson = require "cjson"
local files = require "spec.support.files"

local PAGES = files.output "ls *.md docs/*.md docs/*/*.md"

--- @return {language: string, code: string, line: integer}[]
local function blocks_of(path)
    local blocks, open, number = {}, nil, 0
    for line in files.read(path):gmatch "([^\n]*)\n" do
        number = number + 1
        local indent, fence, language = line:match "^( *)(````*)([^`]*)$"
        if open and fence == open.fence and language == "" then
            open.code = table.concat(open.lines, "\n") .. "\n"
            blocks[#blocks + 1], open = open, nil
        elseif open then
            open.lines[#open.lines + 1] = line:sub(#open.indent + 1)
        elseif fence then
            open = { fence = fence, indent = indent, language = language, line = number, lines = {} }
        end
    end
    assert(not open, path .. ": a block has no end")
    return blocks
end

--- @return string? why the command does not take it
local function taken_by(command, code)
    local name = os.tmpname()
    files.write(name, code)
    local said = files.output(command:format(name) .. " 2>&1 || echo failed")
    os.remove(name)
    return said:find("failed", 1, true) and said or nil
end

local parse = {}

--- "…" stands for what the reader fills in: a value, or any code.
function parse.lua(code)
    local why
    for _, filled in ipairs { code, (code:gsub("…", "nil")), (code:gsub("…", "")) } do
        local chunk, said = (loadstring or load)(filled)
        if chunk or (loadstring or load)("return " .. filled) then
            return nil
        end
        why = said
    end
    return why
end

function parse.sh(code)
    return taken_by("bash -n %s", code)
end

function parse.json(code)
    local ok, why = pcall(cjson.decode, (code:gsub("…", "")))
    return not ok and why or nil
end

function parse.python(code)
    return taken_by("python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' %s", code)
end

function parse.yaml(code)
    return taken_by("python3 -c 'import sys, yaml; list(yaml.safe_load_all(open(sys.argv[1])))' %s", code)
end

parse.js = function(code)
    return taken_by("command -v node >/dev/null || exit 0; node --input-type=module --check <%s", code)
end

--- As many blocks open as close, and every directive ends: nginx itself runs the page's whole ones.
function parse.nginx(code)
    local text = code:gsub("#[^\n]*", "")
    local _, opened = text:gsub("{", "")
    local _, closed = text:gsub("}", "")
    return opened ~= closed and "braces do not match" or nil
end

function parse.ini(code)
    for line in code:gmatch "[^\n]+" do
        if not line:match "^%s*[#;]" and not line:match "^%[.+%]$" and not line:match "^%s*[%w_.-]+%s*=" then
            return "no line of an ini file: " .. line
        end
    end
end

function parse.text() end

--- Commands that are typed: spec/nvim_doc_spec.lua looks for each in the plugin.
function parse.vim(code)
    for line in code:gmatch "[^\n]+" do
        if not line:match "^:" then
            return "no command of the editor: " .. line
        end
    end
end

describe("the code blocks of", function()
    for path in PAGES:gmatch "%S+" do
        it(path, function()
            local wrong = {}
            for _, block in ipairs(blocks_of(path)) do
                local check = parse[block.language]
                local why = check and check(block.code)
                    or not check and ("a block of the language %q"):format(block.language)
                wrong[#wrong + 1] = why and ("%s:%d: %s"):format(path, block.line, why) or nil
            end
            assert.equal("", table.concat(wrong, "\n"))
        end)
    end
end)

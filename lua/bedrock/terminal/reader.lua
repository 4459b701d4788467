--- Reads the words of a subcommand where nothing is to be told of them. It stands in for argparse's parser, which takes
--- longer to load than most answers take, and gives what that would; all other words are argparse's.
local Element, Reader = {}, {}
Element.__index, Reader.__index = Element, Reader

--- For help alone.
local function same(self)
    return self
end
Element.argname, Element.hidden = same, same

--- How many words an argument has, at least and at most.
local RANGES = { ["?"] = { 0, 1 }, ["*"] = { 0, math.huge }, ["+"] = { 1, math.huge } }

function Element:args(range)
    self.least, self.most = RANGES[range][1], RANGES[range][2]
    self.is_list = self.most > 1
    return self
end

--- How often an option is given.
function Element:count(range)
    self.is_list, self.is_needed = range == "*", range == "1"
    return self
end

function Element:choices(list)
    self.known = {}
    for _, choice in ipairs(list) do
        self.known[choice] = true
    end
    return self
end

function Element:convert(convert)
    self.converted = convert
    return self
end

function Element:target(name)
    self.name = name
    return self
end

--- @return boolean taken
function Element:take(args, value)
    if self.known and not self.known[value] then
        return false
    end
    if self.converted then
        value = self.converted(value)
    end
    if self.is_list then
        table.insert(args[self.name], value)
    else
        args[self.name] = value
    end
    return value ~= nil
end

function Reader:argument(name)
    local element = setmetatable({ name = name, least = 1, most = 1 }, Element)
    self.arguments[#self.arguments + 1] = element
    return element
end

local function add(self, names, takes)
    local element = setmetatable({ takes = takes, _aliases = {} }, Element)
    for name in names:gmatch "%S+" do
        self.by_name[name] = element
        table.insert(element._aliases, name)
        element.name = name:match "^%-%-(.+)" or element.name
    end
    element.name = element.name:gsub("%-", "_")
    self._options[#self._options + 1] = element
    return element
end

function Reader:option(names)
    return add(self, names, true)
end

function Reader:flag(names)
    return add(self, names, false)
end

local function beginning(self)
    local args = {}
    for _, elements in ipairs { self.arguments, self._options } do
        for _, element in ipairs(elements) do
            args[element.name] = element.is_list and {} or nil
        end
    end
    return args
end

--- @return boolean read
--- @return table? element an option, whose value is the next word
local function read_option(self, args, word)
    local name, value = word:match "^(%-%-[^=]+)=(.*)$"
    local element = self.by_name[name or word]
    if not element or value and not element.takes then
        return false
    elseif not element.takes then
        args[element.name] = true
    elseif value then
        return element:take(args, value)
    else
        return true, element
    end
    return true
end

--- Words that are no options', each to the first argument that has room for it.
local function read_arguments(self, args, words)
    local at = 1
    for _, element in ipairs(self.arguments) do
        local count = 0
        while count < element.most and words[at] do
            if not element:take(args, words[at]) then
                return false
            end
            at, count = at + 1, count + 1
        end
        if count < element.least then
            return false
        end
    end
    return words[at] == nil
end

local function has_all(self, args)
    for _, element in ipairs(self._options) do
        if element.is_needed and args[element.name] == nil then
            return false
        end
    end
    return true
end

--- @param words string[]
--- @return table? args nil: argparse has something to tell of these, or reads what this does not
function Reader:read(words)
    local args, others, open, is_ended = beginning(self), {}, nil, false
    for _, word in ipairs(words) do
        local is_read = true
        if not is_ended and word:find "^%-." then
            is_ended = word == "--"
            if open then
                return nil
            elseif not is_ended then
                is_read, open = read_option(self, args, word)
            end
        elseif open then
            is_read, open = open:take(args, word), nil
        else
            others[#others + 1] = word
        end
        if not is_read then
            return nil
        end
    end
    return not open and read_arguments(self, args, others) and has_all(self, args) and args or nil
end

return function()
    return setmetatable({ arguments = {}, by_name = {}, _options = {} }, Reader)
end

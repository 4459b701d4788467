--- A plain HTTP client on sockets: what it costs is not the worker's.
local socket = require "socket"

local client = {}

--- @param server table gateway
function client.connect(server)
    local connection = assert(socket.connect("127.0.0.1", server.port))
    connection:setoption("tcp-nodelay", true)
    connection:settimeout(60)
    return connection
end

--- @return string text of a request
function client.request(path, body, close)
    return ("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s")
        :format(path, close and "Connection: close\r\n" or "", #body, body)
end

--- @return string head in lower case
function client.receive_head(connection)
    local lines = {}
    repeat
        lines[#lines + 1] = assert(connection:receive "*l"):lower()
    until lines[#lines] == ""
    assert(lines[1]:find(" 200 ", 1, true), lines[1])
    return table.concat(lines, "\n")
end

--- A whole answer.
function client.receive(connection)
    local head = client.receive_head(connection)
    if head:find("transfer-encoding: chunked", 1, true) then
        repeat
            local size = tonumber(assert(connection:receive "*l"), 16)
            assert(connection:receive(size + 2))
        until size == 0
    else
        assert(connection:receive(tonumber(head:match "content%-length: (%d+)")))
    end
end

--- The median, or another quantile, of a list, which is sorted.
function client.quantile(list, part)
    table.sort(list)
    return list[math.max(1, math.ceil(#list * (part or 0.5)))]
end

return client

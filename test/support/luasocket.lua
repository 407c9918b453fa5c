-- A LuaSocket client that does what it is told on standard input, one call a line, and prints what the call returned:
-- the values in Lua notation, separated by tabs. So a test plays the dialogue of a plugin with the real library.
local socket = require "socket"
local sock
local calls = {
	connect = function(host, port) sock = socket.tcp(); return sock:connect(host, tonumber(port)) end,
	timeout = function(seconds) return sock:settimeout(tonumber(seconds)) end,
	send = function(text) return sock:send((text:gsub("\\n", "\n"))) end,
	receive = function(pattern) return sock:receive(tonumber(pattern) or pattern) end,
	shutdown = function(how) return sock:shutdown(how) end,
	close = function() return sock:close() end,
}
io.stdout:setvbuf("line")
for line in io.lines() do
	local name, first, rest = line:match("^(%S+) ?(%S*) ?(.*)$")
	local arguments = name == "connect" and { first, rest } or { (line:gsub("^%S+ ?", "")) }
	local results = { n = 0 }
	local function keep(...) results = { n = select("#", ...), ... } end
	keep(calls[name](unpack(arguments)))
	while results.n > 1 and results[results.n] == nil do results.n = results.n - 1 end
	for i = 1, results.n do
		local value = results[i]
		results[i] = type(value) == "string" and string.format("%q", value):gsub("\\\n", "\\n") or tostring(value)
	end
	print(table.concat(results, "\t", 1, results.n))
end

-- Runs sockproxy.lua without luup: connect.lua <host> <port> [name=value …]. Says how it connected, sends `say` if given,
-- and repeats what arrives until the other side closes; `port` and numbers among the values are numbers.

local socket = require "socket"
local sockproxy = require "sockproxy"

local LIMIT = 30 -- seconds; no run outlives its test for long
io.stdout:setvbuf("no")

local options = {}
for i = 3, #arg do
  local name, value = arg[i]:match("^(%w+)=(.*)$")
  options[name] = tonumber(value) or value
end

local sock, info = sockproxy.connect(arg[1], tonumber(arg[2]), options)
if not sock then
  print("failed\t" .. info)
  os.exit(0)
end
print(table.concat({ "connected", tostring(info.usingProxy), info.pid or "", info.reason or "" }, "\t"))
if options.say then assert(sock:send(options.say .. "\n")) end

local started = socket.gettime()
local status
repeat
  socket.select({ sock }, nil, 1)
  status = sockproxy.drain(sock, io.write)
until status == "closed" or socket.gettime() - started > LIMIT
print("end\t" .. status)
sock:close()

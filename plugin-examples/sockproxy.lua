-- Connects to a device through sockproxyd, or directly where sockproxyd does not run. Needs Lua 5.1 and LuaSocket, but no Luup.
-- SPDX-License-Identifier: MIT

local socket = require "socket"

local M = {}

local GREETING_WAIT = 3 -- seconds; sockproxyd greets at once, so a slower server is another program
local DIAL_TIME = 4     -- seconds after which the proxy gives up the dial; the option CTIM=ms changes it
local REPLY_MARGIN = 2  -- further seconds for the reply to arrive
local BLOCK = 2048

local function open(host, port, seconds)
  local sock, err = socket.tcp()
  if not sock then return nil, err end
  sock:settimeout(seconds)
  local connected
  connected, err = sock:connect(host, port)
  if connected then return sock end
  sock:close()
  return nil, err
end

local function command(host, port, o)
  local target = host:find(":", 1, true) and "[" .. host .. "]" or host
  local words = { "CONN " .. target .. ":" .. port }
  if o.options ~= "" then words[#words + 1] = o.options end
  if o.device then
    local pid = o.pid and "/" .. o.pid or ""
    words[#words + 1] = "NTFY=" .. o.device .. "/" .. o.service .. "/" .. o.action .. pid
  end
  return table.concat(words, " ") .. "\n"
end

-- Returns a socket that leads to the device and the pid of the connection, or nil and the reason.
local function viaProxy(host, port, o)
  local sock, err = open(o.proxyHost, o.proxyPort, GREETING_WAIT)
  if not sock then return nil, "no proxy: " .. err end
  local function no(why)
    sock:close()
    return nil, why
  end

  -- Read the greeting before sending CONN: otherwise the greeting looks like the reply.
  local greeting
  greeting, err = sock:receive("*l")
  if not greeting then return no("no greeting: " .. err) end
  if not greeting:match("^OK TOGGLEDBITS%-SOCKPROXY") then return no("not a proxy: " .. greeting) end

  local dialTime = tonumber(o.options:match("CTIM=(%d+)") or DIAL_TIME * 1000) / 1000
  sock:settimeout(dialTime + REPLY_MARGIN)
  local sent
  sent, err = sock:send(command(host, port, o))
  if not sent then return no("proxy: " .. err) end
  local answer
  answer, err = sock:receive("*l")
  if not answer then return no("no answer from the proxy: " .. err) end
  if not answer:match("^OK CONN") then return no("proxy: " .. answer) end
  return sock, answer:match("^OK CONN (%S+)")
end

-- Connects to host:port, through the proxy where possible.
--
-- o.device, o.service, o.action   the Luup action that the proxy invokes; all three, or no device and no notifications
-- o.pid                           the Pid of the notifications, without "/"; the proxy chooses one by default
-- o.options                       further options of CONN (default "RTIM=600000 PACE=1")
-- o.proxyHost, o.proxyPort        the address of the proxy (default 127.0.0.1, 2504)
-- o.timeout                       seconds to connect directly (default 10); stays the timeout of the socket
--
-- Returns the socket and { usingProxy = true, pid = … }, or the socket and { usingProxy = false, reason = why not },
-- or nil and a message.
function M.connect(host, port, o)
  o = o or {}
  local settings = {
    device = o.device, service = o.service, action = o.action, pid = o.pid,
    options = o.options or "RTIM=600000 PACE=1",
    proxyHost = o.proxyHost or "127.0.0.1",
    proxyPort = o.proxyPort or 2504,
  }
  local timeout = o.timeout or 10

  local sock, pidOrReason = viaProxy(host, port, settings)
  local info
  if sock then
    info = { usingProxy = true, pid = pidOrReason }
  else
    local err
    sock, err = open(host, port, timeout)
    if not sock then return nil, err .. " (" .. pidOrReason .. ")" end
    info = { usingProxy = false, reason = pidOrReason }
  end
  sock:settimeout(timeout)
  return sock, info
end

-- Reads until the socket is empty, and passes each piece to handler. Never waits; leaves the timeout of the socket at 0.
-- Returns "open", or "closed" and LuaSocket's message when the other side has closed and everything is read.
function M.drain(sock, handler)
  sock:settimeout(0)
  while true do
    local data, err, partial = sock:receive(BLOCK)
    local piece = data or partial -- for less than BLOCK bytes receive returns nil, "timeout" and the piece
    if piece and piece ~= "" then handler(piece) end
    if not data then
      if err == "timeout" then return "open" end
      return "closed", err
    end
  end
end

return M

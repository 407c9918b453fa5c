-- Example of a Luup plugin that uses sockproxyd. It keeps a connection to a device that sends lines of text.
-- SPDX-License-Identifier: MIT

local sockproxy = require "sockproxy"

local M = {}

local NAME = "SockProxyExample1" -- the global functions in I_SockProxyExample1.xml begin with this name
local SERVICE = "urn:example-com:serviceId:SockProxyExample1"
local ACTION = "HandleReceive"

local DEFAULTS = {
  ProxyHost = "127.0.0.1",
  ProxyPort = "2504",
  PollInterval = "1",   -- seconds between reads of a direct connection
  WatchInterval = "60", -- seconds between reads through the proxy: notices that the proxy itself has died
}
local FIRST_RETRY, LAST_RETRY = 1, 60 -- seconds
local SEND_WAIT = 5                   -- seconds
local MAX_LINE = 65536                -- bytes; a device that never ends its line must not fill the memory

-- State by device number: openLuup loads this file once for all devices of this type.
local states = {}

local function get(device, name)
  local value = luup.variable_get(SERVICE, name, device)
  if value == nil or value == "" then return nil end
  return value
end

local function set(device, name, value)
  luup.variable_set(SERVICE, name, tostring(value), device)
end

local function setting(device, name)
  return tonumber(get(device, name)) or tonumber(DEFAULTS[name])
end

local function log(state, text)
  luup.log(NAME .. " #" .. state.device .. ": " .. text)
end

-- The address of the device. The attribute ip holds host:port, [IPv6]:port or host; the variables Host and Port supply what ip lacks.
local function address(device)
  local ip = (luup.attr_get("ip", device) or ""):gsub("%s", "")
  local host, port = ip:match("^%[(.+)%]:(%d+)$")
  if not host then host, port = ip:match("^([^:]+):(%d+)$") end
  if not host and ip ~= "" then host = ip end
  return host or get(device, "Host"), tonumber(port or get(device, "Port"))
end

-- Every start and every connection gets a new generation number. A variable keeps the number, so it is new even after a
-- reload. Delayed calls and notifications carry the number: the plugin ignores those of an earlier generation.
local function nextGeneration(state)
  state.generation = (tonumber(get(state.device, "Generation")) or 0) + 1
  set(state.device, "Generation", state.generation)
end

local function after(state, seconds, what)
  luup.call_delay(NAME .. "_" .. what, seconds, state.device .. ":" .. state.generation)
end

-- The state that a delayed call belongs to; nil when its generation is over.
local function current(data)
  local device, generation = tostring(data):match("^(%d+):(%d+)$")
  local state = states[tonumber(device)]
  if state and state.generation == tonumber(generation) then return state end
end

local function retry(state)
  after(state, state.retryAfter, "connect")
  state.retryAfter = math.min(state.retryAfter * 2, LAST_RETRY)
end

local function lost(state, why)
  log(state, "connection lost: " .. tostring(why))
  state.sock:close()
  state.sock = nil
  set(state.device, "Connection", "none")
  luup.set_failure(1, state.device)
  retry(state)
end

-- The job of the plugin. This example stores the line.
local function handleLine(state, line)
  set(state.device, "LastLine", line)
  set(state.device, "LineCount", (tonumber(get(state.device, "LineCount")) or 0) + 1)
end

local function handleData(state, data)
  local lines, rest = {}, state.rest .. data
  local from = 1
  while true do
    local at = rest:find("\n", from, true)
    if not at then break end
    lines[#lines + 1] = rest:sub(from, at - 1):gsub("\r$", "")
    from = at + 1
  end
  rest = rest:sub(from)
  if #rest > MAX_LINE then
    log(state, "line too long, dropped")
    rest = ""
  end
  state.rest = rest
  if #lines > 0 then state.retryAfter = FIRST_RETRY end -- the connection works: the next fault is a new one
  for _, line in ipairs(lines) do handleLine(state, line) end
end

local function read(state)
  local status, why = sockproxy.drain(state.sock, function(data) handleData(state, data) end)
  if status == "closed" then lost(state, why) end
end

local function readAgainLater(state)
  local interval = state.info.usingProxy and "WatchInterval" or "PollInterval"
  after(state, setting(state.device, interval), "poll")
end

-- Delayed call: connects to the device.
function M.connect(data)
  local state = current(data)
  if not state then return end
  local device = state.device
  nextGeneration(state)
  local host, port = address(device)
  local sock, info
  if host and port then
    sock, info = sockproxy.connect(host, port, {
      device = device,
      service = SERVICE,
      action = ACTION,
      pid = "g" .. state.generation,
      proxyHost = get(device, "ProxyHost") or DEFAULTS.ProxyHost,
      proxyPort = setting(device, "ProxyPort"),
    })
  else
    info = "attribute ip is not host:port"
  end
  if not sock then
    log(state, "cannot connect: " .. tostring(info))
    luup.set_failure(1, device)
    return retry(state)
  end
  state.sock, state.info, state.rest = sock, info, ""
  log(state, info.usingProxy and "connected through the proxy" or "connected directly, " .. info.reason)
  set(device, "Connection", info.usingProxy and "proxy" or "direct")
  luup.set_failure(0, device)
  readAgainLater(state)
end

-- Delayed call: reads without a notification.
function M.poll(data)
  local state = current(data)
  if not state or not state.sock then return end
  read(state)
  if state.sock then readAgainLater(state) end
end

-- Action HandleReceive: reads. A notification of an earlier connection may arrive after its end, or after a reload.
function M.receive(device, pid)
  local state = states[tonumber(device)]
  if not state or not state.sock then return end
  if pid and pid ~= state.info.pid then return log(state, "notification of an earlier connection: " .. pid) end
  read(state)
end

-- Action Send: sends a line to the device. Returns whether that worked.
function M.send(device, line)
  local state = states[tonumber(device)]
  if not state or not state.sock then return false end
  state.sock:settimeout(SEND_WAIT)
  local sent, why = state.sock:send((line or "") .. "\r\n")
  if not sent then lost(state, why) end -- the device may have half a line: only a new connection helps
  return sent ~= nil
end

function M.start(device)
  device = tonumber(device)
  for name, value in pairs(DEFAULTS) do
    if not get(device, name) then set(device, name, value) end
  end
  local former = states[device]
  if former and former.sock then former.sock:close() end
  local state = { device = device, retryAfter = FIRST_RETRY, rest = "" }
  states[device] = state
  nextGeneration(state)
  set(device, "Connection", "none")
  after(state, 1, "connect") -- later: connecting may take time, and Luup must finish its start first
  return true, "", NAME
end

return M

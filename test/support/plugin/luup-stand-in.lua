-- A small Luup engine for one device: luup-stand-in.lua <port> <plugin folder> <device file> <device number> [name=value …]
--
-- Loads the plugin the way Luup does, from its XML files: the functions are one chunk, each job another, all in one
-- environment; the startup function and delayed calls are found there by name. Serves data_request on the loopback, answers
-- as openLuup does (200 also for errors, chunked, keep-alive), and runs jobs after the answer. `ip=…` sets the attribute,
-- any other name a variable of the device's first service.
--
-- Beyond action: id=reload loads the plugin anew, as after a restart of the engine (its sockets are closed, variables stay);
-- pending delayed calls stay too, which is harsher than a restart. With reload=1 among the arguments the first such reload comes
-- before anything else happens. Everything that happens is told on standard output, one
-- event per line, fields separated by tabs.

local socket = require "socket"

local LIFETIME = 120 -- seconds; no run outlives its test for long
local MAX_WAIT = 1

local port, folder, deviceFile, device = tonumber(arg[1]), arg[2], arg[3], tonumber(arg[4])
package.path = folder .. "/?.lua;" .. package.path
io.stdout:setvbuf("line")

local function event(...)
  local fields = {}
  for i = 1, select("#", ...) do fields[i] = tostring((select(i, ...))):gsub("[\t\r\n]", " ") end
  print(table.concat(fields, "\t"))
end

-- The files --------------------------------------------------------------------------------------------------------

local function contents(name)
  local file = assert(io.open(folder .. "/" .. name, "rb"))
  local text = file:read("*a")
  file:close()
  return (text:gsub("<!%-%-.-%-%->", ""))
end

local ENTITIES = { lt = "<", gt = ">", quot = '"', apos = "'", amp = "&" }

local function element(text, name)
  local inner = text:match("<" .. name .. ">(.-)</" .. name .. ">")
  return inner and (inner:gsub("&(%a+);", ENTITIES))
end

local function trimmed(text, name)
  return (assert(element(text, name), "no " .. name):match("^%s*(.-)%s*$"))
end

local function each(text, name)
  return text:gmatch("<" .. name .. ">(.-)</" .. name .. ">")
end

-- The actions the device's services declare: by service, then action, the names of the arguments in order.
local function readServices(text)
  local services, first = {}, nil
  for service in each(text, "service") do
    local id = trimmed(service, "serviceId")
    first = first or id
    services[id] = {}
    for action in each(contents(trimmed(service, "SCPDURL")), "action") do
      local arguments = {}
      for argument in each(action, "argument") do arguments[#arguments + 1] = trimmed(argument, "name") end
      services[id][action:match("<name>%s*(.-)%s*</name>")] = arguments
    end
  end
  return services, first
end

local definition = contents(deviceFile)
local services, mainService = readServices(definition)
local implementation = contents(trimmed(definition, "implementationFile"))

-- The luup table ---------------------------------------------------------------------------------------------------

local attributes, variables, calls, jobs = {}, {}, {}, {}

local function variable(service, name, number)
  return number .. "\t" .. service .. "\t" .. name
end

for i = 5, #arg do
  local name, value = arg[i]:match("^(%w+)=(.*)$")
  if name == "ip" or name == "reload" then
    attributes[name] = value
  else
    variables[variable(mainService, name, device)] = value
  end
end

luup = { device = device, version_major = 7 } -- a global of this process, as in Luup's

function luup.log(text, level) event("log", text, level or 50) end

function luup.attr_get(name, number)
  assert(number == device, "attr_get of another device")
  return attributes[name] or ""
end

function luup.variable_get(service, name, number)
  assert(number == device, "variable_get of another device")
  return variables[variable(service, name, number)]
end

function luup.variable_set(service, name, value, number)
  assert(number == device, "variable_set of another device")
  assert(type(value) == "string", "variable_set of a " .. type(value))
  variables[variable(service, name, number)] = value
  event("variable", name, value)
end

function luup.set_failure(value, number)
  assert(number == device, "set_failure of another device")
  event("failure", value)
end

function luup.call_delay(name, seconds, data)
  assert(type(name) == "string" and type(seconds) == "number" and seconds >= 0, "call_delay of something odd")
  assert(data == nil or type(data) == "string", "call_delay with a " .. type(data))
  calls[#calls + 1] = { at = socket.gettime() + seconds, name = name, data = data }
  event("delay", name, data, seconds)
  return 0
end

-- The plugin -------------------------------------------------------------------------------------------------------

local environment, actions
local sockets = {}
local newSocket = socket.tcp
local ownModules = {}
for name in pairs(package.loaded) do ownModules[name] = true end

local function chunk(text, name, parameters)
  local code = parameters and "return function(" .. parameters .. ")\n" .. text .. "\nend" or text
  local loaded = assert(loadstring(code, name))
  setfenv(loaded, environment)
  return loaded()
end

local function loadPlugin()
  environment = setmetatable({}, { __index = _G })
  actions = {}
  chunk(assert(element(implementation, "functions")), "=functions")
  for action in each(implementation, "action") do
    local service, name = trimmed(action, "serviceId"), trimmed(action, "name")
    actions[service] = actions[service] or {}
    actions[service][name] = chunk(element(action, "job"), "=" .. name, "lul_device, lul_settings, lul_job")
  end
  local ok, comment, module = environment[trimmed(implementation, "startup")](device)
  event("started", ok, comment, module)
end

local function reload()
  event("reload")
  for sock in pairs(sockets) do sock:close() end
  sockets = {}
  for name in pairs(package.loaded) do
    if not ownModules[name] then package.loaded[name] = nil end
  end
  loadPlugin()
end

local function runDue()
  for _ = 1, #jobs do
    local job = table.remove(jobs, 1)
    event("job", job.name, job.run(device, job.settings, job.number))
  end
  local now, due = socket.gettime(), {}
  for i = #calls, 1, -1 do
    if calls[i].at <= now then due[#due + 1] = table.remove(calls, i) end
  end
  table.sort(due, function(a, b) return a.at < b.at end)
  for _, call in ipairs(due) do
    event("call", call.name, call.data)
    environment[call.name](call.data)
  end
end

-- HTTP -------------------------------------------------------------------------------------------------------------

local function decode(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

local lastJob = 0

local function invoke(query)
  local declared = services[query.serviceId]
  if tonumber(query.DeviceNum) ~= device then return "ERROR: Invalid service/action/device" end
  if not declared then return "ERROR: Invalid Service" end
  local arguments = declared[query.action]
  if not arguments then return "ERROR: Invalid service/action/device" end
  local run = actions[query.serviceId] and actions[query.serviceId][query.action]
  if not run then return "ERROR: No implementation" end
  local settings = {}
  for _, name in ipairs(arguments) do settings[name] = query[name] end
  event("action", query.action, query[arguments[1]])
  lastJob = lastJob + 1
  jobs[#jobs + 1] = { name = query.action, run = run, settings = settings, number = lastJob }
  return '{"u:' .. query.action .. 'Response":{"JobID":"' .. lastJob .. '"}}'
end

local function answer(path)
  local query = {}
  for name, value in path:gmatch("[?&]([^=&]+)=([^&]*)") do query[decode(name)] = decode(value) end
  if not path:match("^/data_request%?") then return 404, "not found" end
  if query.id == "action" then return 200, invoke(query) end
  if query.id == "reload" then
    reload()
    return 200, "OK"
  end
  return 501, "Not Implemented"
end

local clients = {} -- what each has sent of its next request

local function serve(client)
  local data, err, partial = client:receive(8192)
  clients[client] = clients[client] .. (data or partial or "")
  while true do
    local head, rest = clients[client]:match("^(.-\r\n\r\n)(.*)$")
    if not head then break end
    clients[client] = rest
    local status, body = answer(head:match("^GET (%S+) HTTP/1%.1\r\n") or "")
    client:settimeout(MAX_WAIT)
    client:send(("HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nConnection: Keep-Alive\r\n\r\n")
      :format(status, status == 200 and "OK" or "Error") .. ("%x\r\n%s\r\n0\r\n\r\n"):format(#body, body))
    client:settimeout(0)
  end
  if err and err ~= "timeout" then
    clients[client] = nil
    client:close()
  end
end

local server = assert(socket.bind("127.0.0.1", port))
server:settimeout(0)
socket.tcp = function(...)
  local sock, err = newSocket(...)
  if sock then sockets[sock] = true end
  return sock, err
end

local function run()
  loadPlugin()
  if attributes.reload then reload() end
  event("ready")
  local ending = socket.gettime() + LIFETIME
  while socket.gettime() < ending do
    local wait = #jobs > 0 and 0 or MAX_WAIT
    for _, call in ipairs(calls) do wait = math.max(0, math.min(wait, call.at - socket.gettime())) end
    local readers = { server }
    for client in pairs(clients) do readers[#readers + 1] = client end
    for _, ready in ipairs((socket.select(readers, nil, wait))) do
      if ready ~= server then
        serve(ready)
      else
        local client = server:accept()
        if client then
          client:settimeout(0)
          clients[client] = ""
        end
      end
    end
    runDue()
  end
end

local ok, fault = xpcall(run, debug.traceback)
if not ok then event("fault", fault) end

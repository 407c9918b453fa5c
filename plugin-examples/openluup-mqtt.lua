-- What sockproxyd publishes, in variables of openLuup's devices: for the Lua Startup Code, or a plugin's module.
--
-- openLuup's own MQTT server gets the messages (https://github.com/akbooer/openLuup, openLuup/mqtt.lua): [mqtt] url=mqtt://127.0.0.1:1883
-- in the configuration of sockproxyd, and in openLuup: luup.attr_set ("openLuup.MQTT.Port", 1883).
-- Nothing is retained there: a variable is set when its line changes for the first time.

local PREFIX = "sockproxyd"                      -- prefix= of [mqtt]
local SID = "urn:toggledbits-com:serviceId:SockProxy1"
local DEVICES = {                                -- which device has the variables of which line, and of which topic of NMQT
  inverter = 42,
  doorbell = 43,
}

local json = require "openLuup.json"
local mqtt = require "openLuup.mqtt"

local function set (line, name, value)
  local device = DEVICES[line]
  if device then luup.variable_set (SID, name, tostring (value), device) end
end

-- openLuup finds a handler by its name: a global function
function SockProxy_MQTT_Handler (topic, message)
  local below = topic:sub (#PREFIX + 2)
  local line = below:match "^line/([^/]+)/status$"
  if below == "status" then                      -- online, offline
    for name in pairs (DEVICES) do set (name, "ProxyStatus", message) end
  elseif line then                               -- the status of a line
    local status = json.decode (message) or {}
    set (line, "Connected", status.connected and 1 or 0)
    set (line, "Reason", status.reason or "")
  elseif message:match "^{" then                 -- an event of a connection with NMQT
    local event = json.decode (message) or {}
    set (below, "LastEvent", event.event or "")
    if event.bytes then set (below, "Bytes", event.bytes) end
  else                                           -- a value of a shared device: LINE/VALUE
    local from, value = below:match "^([^/]+)/([^/]+)$"
    if value then set (from, value, message) end
  end
  return true                                    -- openLuup logs anything else as an error
end

-- writes to the remote of a topic with payload=raw: SockProxy_MQTT_Write ("doorbell", "RING\n")
function SockProxy_MQTT_Write (topic, bytes)
  mqtt.publish (PREFIX .. "/" .. topic .. "/set", bytes)
end

luup.register_handler ("SockProxy_MQTT_Handler", "mqtt:" .. PREFIX .. "/#")

-- Runs plugin-examples/openluup-mqtt.lua as openLuup would: registers its handler and gives it messages, "TOPIC<tab>PAYLOAD" a line of stdin.
-- Prints what it sets and publishes. openLuup itself: openLuup/mqtt.lua (register_handler, publish), openLuup/json.lua (decode).
local handlers = {}

-- flat objects of texts, numbers and yes or no: all that sockproxyd publishes
package.preload["openLuup.json"] = function ()
  return {
    decode = function (text)
      local object = {}
      if not text:match "^%s*{.*}%s*$" then return nil, "not an object" end
      for key, value in text:gmatch '"([%w_]+)"%s*:%s*("[^"]*")' do object[key] = value:sub (2, -2) end
      for key, value in text:gmatch '"([%w_]+)"%s*:%s*(-?[%d.]+)' do object[key] = tonumber (value) end
      for key, value in text:gmatch '"([%w_]+)"%s*:%s*(%a+)' do object[key] = value == "true" end
      return object
    end,
  }
end
package.preload["openLuup.mqtt"] = function ()
  return { publish = function (topic, message) print ("publish", topic, message) end }
end

luup = {
  variable_set = function (service, name, value, device)
    assert (service:match "^urn:" and type (value) == "string" and type (device) == "number")
    print ("set", device, name, value)
  end,
  register_handler = function (name, request)
    local filter = assert (request:match "^mqtt:(.+)#$", request)
    handlers[filter] = assert (_G[name], "a handler is a global function")
  end,
}

dofile (arg[1])
for line in io.lines () do
  local topic, payload = line:match "^([^\t]+)\t(.*)$"
  for filter, handler in pairs (handlers) do
    if topic:sub (1, #filter) == filter then assert (handler (topic, payload) == true, topic) end
  end
end
SockProxy_MQTT_Write ("doorbell", "RING")

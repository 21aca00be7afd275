-- A water meter's codec for the China Telecom IoT platform, step 5 of the guide's 5.2.1
-- (docs/CODECS.md): the same as water-fields.json, in Lua.
--
-- Uplink, /19/0/0:    01 | level, litres (4) | flow, 0.01 l/s (2, signed) | valve open (1)
--                     02 | text of an alarm
-- Downlink, /19/1/0:  81 | valve open (1)
--                     82 | new password (10, filled up with zeros)

function decode(payload)
    local kind = payload:byte(1)
    if kind == 1 then
        local level, flow, valve = string.unpack(">I4i2B", payload, 2)
        return {service = "Water", properties = {level = level, flow = flow / 100,
                                                 valve = valve ~= 0 and "open" or "closed"}}
    elseif kind == 2 then
        return {service = "Alarm", properties = {text = payload:sub(2)}}
    end
    error("no message begins with " .. tostring(kind), 0)
end

function encode(service, method, params)
    if method == "SET_VALVE" then
        return string.pack("BB", 0x81, params.valve == "open" and 1 or 0)
    elseif method == "CHANGE_PWD" then
        return string.pack("Bc10", 0x82, params.newPassword)
    end
    error("no command " .. method, 0)
end

--- Where things stand in the parameters of generate.
local flat = {}

--- Names as the bodies of the families have them, without "_", and generate's.
local NAMES = { temperature = "temperature", topp = "top_p", p = "top_p", topk = "top_k", k = "top_k",
    stopsequences = "stop", stop = "stop", seed = "seed" }

--- @return string? called
function flat.remove(params, name)
    local own = NAMES[(name:lower():gsub("^inferenceconfig%.", ""):gsub("_", ""))]
    if own and params[own] ~= nil then
        params[own] = nil
        return own
    end
end

function flat.model(params)
    return params.model
end

function flat.set_model(params, id)
    params.model = id
end

function flat.has_both(params)
    return params.temperature ~= nil and params.top_p ~= nil
end

function flat.thinks(params)
    return params.reasoning ~= nil and params.reasoning ~= false
end

--- @return boolean moved
function flat.move_system(params)
    if type(params.system) ~= "string" or type(params.prompt) ~= "string" then
        return false
    end
    params.prompt, params.system = params.system .. "\n\n" .. params.prompt, nil
    return true
end

return flat

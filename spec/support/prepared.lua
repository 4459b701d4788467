--- What a connection that sends nothing makes of values, and the codec of answers.
local bedrock = require "bedrock"
local codec = require "codec_module"

local prepared = {}

prepared.conn = assert(bedrock.connect {
    auth = "access_keys", access_key_id = "AKIDEXAMPLE0000000001", secret_access_key = "s", cache = false,
})

function prepared.converse(params, options)
    params.modelId = params.modelId or "m"
    local request, err = prepared.conn:prepare("converse", params, options)
    return request and request.body, err
end

--- A document as it is sent, or the error.
function prepared.document(value)
    local body, err = prepared.converse { additionalModelRequestFields = { v = value } }
    return body and body:match '^{"additionalModelRequestFields":{"v":(.*)}}$', err
end

function prepared.problem(err)
    return err.errors[1].path, err.errors[1].kind
end

--- What Converse answered with, read by the codec.
function prepared.answer(body)
    return codec.decode("runtime", "Converse", 200, {}, body)
end

return prepared

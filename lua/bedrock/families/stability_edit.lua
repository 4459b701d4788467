--- What Stability's editing models share: each has one task, of one image.
local core = require "bedrock.core"
local stability = require "bedrock.families.stability"

local stability_edit = {
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/stable-image-services.html",
    read = stability.read,
}

--- `task` need not be given, as a model has but one.
--- @param task string
--- @return fun(name: string, value: any): string? refuse
function stability_edit.refuse(task)
    return function(name, value)
        if name == "task" and value ~= task then
            return "this model's task is " .. task
        elseif name == "images" and type(value) == "table" and #value > 1 then
            return ("takes one image, got %d"):format(#value)
        end
    end
end

function stability_edit.body(given)
    return {
        image = core.base64_encode(given.images[1].bytes),
        mask = given.mask and core.base64_encode(given.mask.bytes),
    }
end

return stability_edit

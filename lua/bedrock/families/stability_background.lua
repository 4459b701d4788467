--- Stable Image Remove Background.
local edit = require "bedrock.families.stability_edit"

return {
    name = "stability_background",
    source = edit.source,
    output = "images",
    models = { "stability.stable-image-remove-background" },
    required = { "images" },
    takes = { "images", "task" },
    fields = {},
    refuse = edit.refuse "background_removal",
    body = edit.body,
    read = edit.read,
}

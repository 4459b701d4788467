--- `conn:generate`: one plain table in, one form out, over the model families.
---
---     local answer = conn:generate { model = "amazon.nova-lite-v1:0", prompt = "A haiku on tides" }
---     print(answer.text, answer.stop_reason, answer.usage.output_tokens)
---
--- `generate/parameters.lua` and `prepare.lua` check and make a plan, `body.lua` makes bodies of it by the family's
--- table, `send.lua` sends them, `answer.lua` brings what comes to one form. `stream.lua` does the same for pieces.
local connection = require "bedrock.connection"
local errors = require "bedrock.errors"
local prepare = require "bedrock.generate.prepare"
local send = require "bedrock.generate.send"

--- What to make, by the same names for all families of models. `bedrock.families()` says which takes what.
--- @class bedrock.GenerateParams
--- @field model string model ID, ARN or inference profile
--- @field prompt? string text, image and video families
--- @field system? string instructions before the prompt
--- @field max_tokens? integer of the text
--- @field temperature? number 0: the likeliest words
--- @field top_p? number only words of so much probability together
--- @field top_k? integer only the k likeliest words
--- @field stop? string|string[] texts that end the text
--- @field reasoning? boolean|integer|"low"|"medium"|"high" the model thinks first: so much, or so many tokens
--- @field images? bedrock.MediaInput|bedrock.MediaInput[] of models that look at images, change them, or embed them
--- @field video? bedrock.MediaInput of models that look at videos
--- @field negative_prompt? string image families
--- @field width? integer of images, pixels
--- @field height? integer of images, pixels
--- @field aspect_ratio? string "16:9"
--- @field resolution? string of a video: "540p"
--- @field duration? integer of a video, seconds
--- @field count? integer of images
--- @field seed? integer the same seed makes the same image
--- @field task? "variation"|"inpainting"|"background_removal" what is done with `images`
--- @field mask? bedrock.MediaInput an image: inpainting changes what is black
--- @field mask_prompt? string what inpainting changes, in words
--- @field output? string "s3://…" where models put what takes them minutes
--- @field input? string|string[] embedding families
--- @field input_type? "search_document"|"search_query"|"classification"|"clustering" what an embedding is for
--- @field dimensions? integer of embeddings
--- @field query? string rerank families
--- @field documents? string[] likewise
--- @field top_n? integer likewise: only so many results, the best
--- @field schema? table of text families: the answer is a value of this JSON Schema, or of its short form
--- @field heal? boolean what the service says the model does not take is left out, and the call repeated
--- @field family? string instead of the one that the model's name says; "converse": by Converse
--- @field inference? string "cross-region": the account's profile in the region's own geography; or a prefix: us,
---   us-gov, eu, apac, jp, au, ca, global

--- One of its fields says what the model made. `tostring` gives the text, or a line about what else it is.
--- @class bedrock.Generated
--- @field text? string of text models
--- @field reasoning? string what the model thought, where it tells
--- @field object? any with `schema`: the value
--- @field images? string[] bytes of image files
--- @field embeddings? number[][] a list of numbers for each input
--- @field results? bedrock.Ranked[] the best first
--- @field uri? string where in S3 the result is
--- @field stop_reason? string why it ended
--- @field usage bedrock.TokenUsage tokens
--- @field healed? string[] what was left out or changed, a sentence each
--- @field raw table the model's own answer; for a list of inputs, a list of them; of a stream its chunks

--- @class bedrock.Ranked
--- @field index integer of the document, from 1
--- @field score number the higher, the better it fits
--- @field document string as you gave it

--- One-shot text, images, videos, embeddings or ranks, the same for all model families.
--- @param given bedrock.GenerateParams
--- @param options? bedrock.WaitOptions
--- @return bedrock.Generated? result
--- @return bedrock.Error? err
local function generate(conn, given, options)
    connection.client_of(conn, nil, options, 2)
    if type(given) ~= "table" then
        error("generate: expected a table of parameters, got " .. errors.type_of(given), 2)
    end
    local plan, err = prepare.plan(conn, given, options)
    if not plan then
        return nil, err
    end
    if plan.by_chat then
        return require("bedrock.generate.by_chat").whole(conn, plan, options)
    end
    return send.healed(conn, plan, send.whole, options)
end

return { generate = generate }

--- Meta Llama's body: one prompt string in which control tokens mark who speaks.
local llama_prompt = {}

llama_prompt.required = { "prompt" }
llama_prompt.takes = { "prompt", "system" }

llama_prompt.fields = {
    max_tokens = "max_gen_len",
    temperature = "temperature",
    top_p = "top_p",
}

--- The body function for the tokens of one generation of models.
--- @param header string format of a speaker's line
--- @param done string token that ends a turn
function llama_prompt.body(header, done)
    local function turn(role, text)
        return header:format(role) .. "\n\n" .. text .. done
    end
    return function(given)
        local system = given.system and turn("system", given.system) or ""
        return {
            prompt = "<|begin_of_text|>" .. system .. turn("user", given.prompt)
                .. header:format("assistant") .. "\n\n",
        }
    end
end

--- A control token in the text would let whoever wrote it speak as somebody else.
function llama_prompt.refuse(name, text)
    local token = (name == "prompt" or name == "system") and text:match("<|[%l_]+|>")
    return token and ("contains Llama's control token %s; send your own template with invoke_model")
        :format(token)
end

function llama_prompt.read(answer)
    return {
        text = answer.generation,
        stop_reason = answer.stop_reason,
        input_tokens = answer.prompt_token_count,
        output_tokens = answer.generation_token_count,
    }
end

--- A chunk tells how many tokens were written so far; only the first one tells how many were read.
llama_prompt.piece = llama_prompt.read

return llama_prompt

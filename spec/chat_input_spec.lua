--- What a user may say to a chat: texts, blocks, images, documents, videos.
local bedrock = require "bedrock"
local core = require "bedrock.core"
local talk = dofile "spec/support/talk.lua"

local PNG = "\137PNG\r\n\26\n\0\0\0\13IHDR"
local JPEG = "\255\216\255\224\0\16JFIF"
local PDF = "%PDF-1.4\n%"

describe("a chat's input", function()
    local conn, chat, dir
    talk.each(function(new)
        conn = new
        chat = talk.chat(conn)
    end)

    before_each(function()
        dir = os.tmpname()
        os.remove(dir)
        assert(os.execute("mkdir " .. dir))
    end)

    after_each(function()
        os.execute("rm -r " .. dir)
    end)

    local function file(name, bytes)
        local path = dir .. "/" .. name
        local handle = assert(io.open(path, "wb"))
        handle:write(bytes)
        handle:close()
        return path
    end

    --- The blocks that are sent for it.
    local function sent(input, fields)
        assert(chat:say(input, fields))
        local messages = talk.last().messages
        return messages[#messages].content
    end

    local function refused(input)
        local before = #talk.bodies()
        local answer, err = chat:say(input)
        assert.is_nil(answer)
        assert.equal("validation", err.kind)
        assert.equal(before, #talk.bodies())
        return tostring(err)
    end

    local function bytes(text)
        return { bytes = core.base64_encode(text) }
    end

    it("is a text, or a list of blocks", function()
        assert.same({ { text = "Hi" } }, sent "Hi")
        assert.same({ { text = "Hi" }, { cachePoint = { type = "default" } }, { text = "you" } },
            sent { { text = "Hi" }, { cachePoint = { type = "default" } }, { text = "you" } })
    end)

    it("may have images: paths, bytes, or a table that says more", function()
        local path = file("picture.PNG", PNG)
        local content = sent { text = "What is it?", images = { path, JPEG, { path = file("x", JPEG) },
            { bytes = "GIF89a.." }, { s3 = "s3://bucket/a.webp", owner = "123456789012" },
            { bytes = "RIFF\0\0\0\0WEBPVP8 " }, { bytes = "??", format = "png" } } }
        assert.same({
            { image = { format = "png", source = bytes(PNG) } },
            { image = { format = "jpeg", source = bytes(JPEG) } },
            { image = { format = "jpeg", source = bytes(JPEG) } },
            { image = { format = "gif", source = bytes "GIF89a.." } },
            { image = { format = "webp", source = { s3Location = { uri = "s3://bucket/a.webp",
                bucketOwner = "123456789012" } } } },
            { image = { format = "webp", source = bytes "RIFF\0\0\0\0WEBPVP8 " } },
            { image = { format = "png", source = bytes "??" } },
            { text = "What is it?" },
        }, content)
        assert.equal(PNG, chat.messages[1].content[1].image.source.bytes)
        assert.equal("png", sent({ text = "One", images = path })[1].image.format)
    end)

    it("tells a format by the bytes before the name", function()
        assert.equal("jpeg", sent({ text = "x", images = { file("wrong.png", JPEG) } })[1].image.format)
        assert.equal("png", sent({ text = "x", images = { file("right.png", "no magic") } })[1].image.format)
    end)

    it("may have documents, whose names become such as Converse takes, no two alike", function()
        local content = sent { text = "Compare", documents = {
            file("Q3 report_v2 (final)!.pdf", PDF), file("r\195\169sum\195\169.txt", "me"), file("a.b.csv", "1,2"),
            { path = file("x.md", "# x"), name = "Q3 report v2 (final)" }, { bytes = "<p>", format = "html" },
            { s3 = "s3://bucket/dir/file.docx" }, file("...", PDF), file(("n"):rep(230) .. ".txt", "long"),
        } }
        local names, formats = {}, {}
        for i = 1, 8 do
            names[i], formats[i] = content[i].document.name, content[i].document.format
            assert.truthy(names[i]:find "^[%w%s%-%(%)%[%]]+$", names[i])
            assert.is_nil(names[i]:find "%s%s")
            assert.truthy(#names[i] <= 200)
        end
        assert.same({ "Q3 report v2 (final)", "r sum", "a b", "Q3 report v2 (final) 2", "document", "file",
            "document 2" }, { names[1], names[2], names[3], names[4], names[5], names[6], names[7] })
        assert.same({ "pdf", "txt", "csv", "md", "html", "docx", "pdf", "txt" }, formats)
        assert.equal("Compare", content[9].text)
        assert.equal("file 2", sent({ text = "And?", documents = { { s3 = "s3://b/file.pdf" } } })[1].document.name)
        assert.same({ enabled = true }, sent({ text = "Cite", documents = { file("c.txt", "c") } },
            { citations = true })[1].document.citations)
    end)

    it("may have videos", function()
        local mp4 = "\0\0\0\24ftypmp42\0\0\0\0"
        local content = sent { text = "See", video = file("v.bin", mp4), videos = nil }
        assert.same({ video = { format = "mp4", source = bytes(mp4) } }, content[1])
        assert.equal("three_gp", sent({ text = "See", video = { s3 = "s3://b/v.3gp" } })[1].video.format)
    end)

    it("needs no text beside images, but beside documents", function()
        assert.equal(1, #sent { images = { PNG } })
        assert.truthy(refused { documents = { file("a.txt", "a") } }:find("wants a text", 1, true))
    end)

    it("that cannot be sent is told with what to do, all at once", function()
        local message = refused { text = 3, images = { dir .. "/missing.png", dir, file("empty.png", ""),
            file("a.bmp", "BM...."), {}, 7, file("a.pdf", PDF) }, documents = { file("a.xyz", "x") } }
        for _, part in ipairs { "input.text: expected a string", "input.images[1]: " .. dir .. "/missing.png: No such",
            "input.images[2]: " .. dir .. ": Is a directory",
            "input.images[3]: " .. dir .. "/empty.png: the file is empty", "input.images[4]",
            "png, jpeg, gif, webp", "input.images[5]: needs path, bytes or s3",
            "input.images[6]: expected a path", "a file of the format pdf", "input.documents[1]",
            "say which by format" } do
            assert.truthy(message:find(part, 1, true), part .. " is not in: " .. message)
        end
        assert.equal(0, #chat.messages)
    end)

    it("that is none is told", function()
        for given, part in pairs { [""] = "not blank", [" \n"] = "not blank", [3] = "got a number",
            [true] = "a boolean", [print] = "a function" } do
            assert.truthy(refused(given):find(part, 1, true), part)
        end
        assert.truthy(refused(nil):find("got nil", 1, true))
        assert.truthy(refused({}):find("nothing in it", 1, true))
        assert.truthy(refused({ "a", "b" }):find("list of blocks", 1, true))
        assert.truthy(refused({ { txt = "x" } }):find("content[1].txt", 1, true))
        assert.truthy(refused(bedrock.null):find("input", 1, true))
    end)

    it("in other libraries' words gets a hint", function()
        for name, meant in pairs { image = "images", file = "documents", files = "documents", document = "documents",
            prompt = "text", content = "text", message = "text", image_url = "images", pictures = "images" } do
            local message = refused { text = "x", [name] = "y" }
            assert.truthy(message:find("did you mean " .. meant, 1, true), name .. ": " .. message)
        end
        assert.truthy(refused({ role = "user", content = { { text = "Hi" } } }):find("list of blocks", 1, true))
        assert.truthy(refused({ { role = "user", content = { { text = "Hi" } } } }):find("role", 1, true))
    end)

    it("is told which member of a file has another type, and nothing is raised", function()
        for name, value in pairs { path = 5, bytes = true, s3 = {}, format = 5, name = 5, owner = print } do
            local given = { bytes = PDF, format = "pdf" }
            given[name] = value
            local nothing, err = chat:say { text = "What is it?", documents = { given } }
            assert.is_nil(nothing)
            assert.matches(("input.documents[1]: %s: expected a string, got"):format(name), err.message, 1, true)
        end
    end)
end)

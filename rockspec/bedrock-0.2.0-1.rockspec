rockspec_format = "3.0"
package = "bedrock"
version = "0.2.0-1"
-- The archive that `make dist` writes. It has no address yet: whoever publishes it puts that here.
source = {
    url = "file://bedrock-0.2.0.tar.gz",
    dir = "bedrock-0.2.0",
}
description = {
    summary = "Amazon Bedrock for Lua",
    detailed = [[
        Every operation of Amazon Bedrock as a validated method, streams as iterators, IAM Roles
        Anywhere built in with credentials cached across processes. A C core on libcurl and OpenSSL
        for Lua 5.4, Lua 5.5 and LuaJIT.
    ]],
    license = "MIT",
    labels = { "aws", "bedrock", "llm", "http" },
}
supported_platforms = { "linux" }
-- LuaRocks takes LuaJIT for Lua 5.1. Lua 5.1 itself, 5.2 and 5.3 are refused when the build begins.
dependencies = {
    "lua >= 5.1, < 5.6",
    "argparse",
}
build = {
    type = "make",
    copy_directories = { "library", "docs" },
    variables = {
        CC = "$(CC)",
        CFLAGS = "$(CFLAGS)",
        LIBFLAG = "$(LIBFLAG)",
        LUA = "$(LUA)",
        LUA_INCDIR = "$(LUA_INCDIR)",
        BUILD = "build/luarocks",
    },
    install_variables = {
        LUADIR = "$(LUADIR)",
        LIBDIR = "$(LIBDIR)",
        BINDIR = "$(BINDIR)",
    },
}
-- The command names its interpreter and its folders itself.
deploy = {
    wrap_bin_scripts = false,
}

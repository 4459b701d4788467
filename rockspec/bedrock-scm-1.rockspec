rockspec_format = "3.0"
package = "bedrock"
version = "scm-1"
source = {
    url = "git+file://.",
}
description = {
    summary = "Amazon Bedrock for Lua",
    detailed = [[
        Every operation of Amazon Bedrock as a validated method, streams as iterators, IAM Roles
        Anywhere built in with credentials cached across processes. A C core on libcurl and OpenSSL
        for Lua 5.4 and LuaJIT.
    ]],
    license = "MIT",
    labels = { "aws", "bedrock", "llm", "http" },
}
supported_platforms = { "linux" }
dependencies = {
    "lua >= 5.1, < 5.5",
    "argparse",
    "lua-cjson",
}
build = {
    type = "make",
    copy_directories = { "library", "docs" },
    variables = {
        CC = "$(CC)",
        CFLAGS = "$(CFLAGS)",
        LIBFLAG = "$(LIBFLAG)",
        LUA_INCDIR = "$(LUA_INCDIR)",
        BUILD = "build/luarocks",
    },
    install_variables = {
        LUADIR = "$(LUADIR)",
        LIBDIR = "$(LIBDIR)",
        BINDIR = "$(BINDIR)",
    },
}

std = "lua54+luajit"
max_line_length = 120
exclude_files = { "build" }
ignore = {
    "212/_.*", -- unused argument, named so
}
files["spec/*_spec.lua"].std = "+busted"
files["spec/endpoint/server"].std = "+ngx_lua"
files["spec/nginx/app.lua"].std = "+ngx_lua"
files["bench/nginx/app.lua"].std = "+ngx_lua"
files["examples/nginx"].std = "+ngx_lua"
files["examples/nvim"].read_globals = { "vim" }

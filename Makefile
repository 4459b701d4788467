# lua-bedrock: building, testing, installing. GNU make. `make help` lists the targets.
#
#   CC CFLAGS CPPFLAGS LDFLAGS    as everywhere
#   V=1                           show the commands
#   WERROR=1                      warnings are errors (default where the project is tested)
#   BUILD=build                   where everything that is made goes
#   ABIS="5.5 5.4 5.1"            Lua versions to build for; 5.1 is LuaJIT (default: those found)
#   LUA_INCDIR LUA_INCDIR_5.4     where lua.h is (default: pkg-config is asked by all names that are known)
#   POLLER=epoll                  what the engine waits with: epoll (Linux) or kqueue (macOS)
#   PREFIX DESTDIR LUADIR LIBDIR  where `make install` installs; %s in LUADIR and LIBDIR is the Lua version

# As many jobs as there are processors, unless the caller says otherwise.
ifeq ($(filter -j% --jobs%,$(MAKEFLAGS)),)
MAKEFLAGS += --jobs=$(shell nproc 2>/dev/null || echo 1)
endif
Q = $(if $(V),,@)
say = @$(if $(V),:,echo '  $(1)')

BUILD ?= build
CFLAGS ?= -O2 -g
SYSTEM := $(shell uname -s)
LIBFLAG ?= $(if $(filter Darwin,$(SYSTEM)),-bundle -undefined dynamic_lookup,-shared)
# The files that end so are for that system alone. kqueue on Linux is the tests' own, which is made of epoll.
POLLER ?= $(if $(filter Linux,$(SYSTEM)),epoll,kqueue)
OTHERS = $(if $(filter epoll,$(POLLER)),%_kqueue.c %_macos.c,%_epoll.c %_linux.c)
KQUEUE_DIR = $(if $(filter kqueue-Linux,$(POLLER)-$(SYSTEM)),spec/kqueue)
PKG_CONFIG ?= pkg-config
LUA ?= lua5.4
PREFIX ?= /usr/local
# In a folder and those in it, two levels deep.
sources = $(sort $(wildcard $(1)/*.c $(1)/*/*.c))
# What lies below the binding: modules, C tests and fuzz targets are linked with all of it.
PARTS = model core engine

# Goals that may install what they need, and that treat warnings as errors.
CHECKED = test lint coverage sanitize interop soak fuzz bench curves
ifneq ($(filter demo play refresh-api $(CHECKED),$(MAKECMDGOALS)),)
DEPS = deps
ABIS ?= 5.4 5.1
endif
ifneq ($(filter $(CHECKED),$(MAKECMDGOALS)),)
WERROR ?= 1
endif
# What distributions call the same Lua in pkg-config, and its interpreter; `lua` may be any.
LUA_PC_5.5 = lua5.5 lua-5.5 lua55 'lua >= 5.5 lua < 5.6'
LUA_PC_5.4 = lua5.4 lua-5.4 lua54 'lua >= 5.4 lua < 5.5'
LUA_PC_5.1 = luajit
INTERPRETERS_5.5 = lua5.5 lua-5.5 lua55 lua
INTERPRETERS_5.4 = lua5.4 lua-5.4 lua54 lua
INTERPRETERS_5.1 = luajit
LUA_CALLED_5.5 = Lua 5.5
LUA_CALLED_5.4 = Lua 5.4
LUA_CALLED_5.1 = LuaJIT
LUA_SAYS_5.5 = Lua 5.5
LUA_SAYS_5.4 = Lua 5.4
LUA_SAYS_5.1 = LuaJIT 2
# For a Lua version: its name in pkg-config, its interpreter, whether there are headers.
lua_pc = $(shell for name in $(LUA_PC_$(1)); do $(PKG_CONFIG) --exists "$$name" && echo "$${name%% *}" && break; done)
interpreter = $(shell for name in $(LUA) $(INTERPRETERS_$(1)); do case $$($$name -v 2>&1) in \
    ("$(LUA_SAYS_$(1))"*) command -v $$name && break ;; esac; done)
has_lua = $(or $(LUA_INCDIR_$(1)),$(call lua_pc,$(1)))

# What the headers are of that the compiler finds with those flags: 5.1 to 5.5; nothing: of no Lua. Lua 5.5 writes its
# number as a sum. In a folder they may be LuaJIT's.
lua_version = $(shell number=$$(printf '\043include <lua.h>\n@LUA_VERSION_NUM\n' | \
    $(CC) -E -P $(1) - 2>/dev/null | sed -n 's/^@ *\([0-9()*+ ]*\)$$/\1/p') && \
    echo $$(($${number:-0})) | sed -n 's/^50\([1-9]\)$$/5.\1/p')
lua_in = $(if $(and $(filter 5.1,$(call lua_version,-I'$(1)')),$(wildcard $(1)/luajit.h)),LuaJIT,$(call lua_version,-I'$(1)'))
ABI_OF_LuaJIT = 5.1
KNOWN_ABIS = 5.5 5.4 5.1
WE_BUILD_FOR = bedrock is for Lua 5.4, Lua 5.5 and LuaJIT 2.1

# No other Lua is built for: what they lack is not made up for. LuaRocks names one folder; its 5.1 may be PUC's, where
# LuaJIT's headers are elsewhere.
ifneq ($(filter-out clean help uninstall,$(or $(MAKECMDGOALS),all)),)
ifdef LUA_INCDIR
GIVEN := $(call lua_in,$(LUA_INCDIR))
ifneq ($(and $(filter 5.1,$(GIVEN)),$(call lua_pc,5.1)),)
ABIS ?= 5.1
else ifneq ($(filter LuaJIT 5.4 5.5,$(GIVEN)),)
ABIS ?= $(or $(ABI_OF_$(GIVEN)),$(GIVEN))
LUA_INCDIR_$(or $(ABI_OF_$(GIVEN)),$(GIVEN)) ?= $(LUA_INCDIR)
else
$(error $(WE_BUILD_FOR), and the headers in $(LUA_INCDIR) are those of $(or $(GIVEN:%=Lua %),no Lua))
endif
endif
ABIS ?= $(foreach abi,$(KNOWN_ABIS),$(if $(call has_lua,$(abi)),$(abi)))
ifneq ($(filter-out $(KNOWN_ABIS),$(ABIS)),)
$(error ABIS=$(ABIS): $(WE_BUILD_FOR), whose names here are 5.4, 5.5 and 5.1)
endif
$(foreach abi,$(ABIS),$(if $(LUA_INCDIR_$(abi)),$(if $(filter $(abi:5.1=LuaJIT),$(call lua_in,$(LUA_INCDIR_$(abi)))),,\
    $(error $(WE_BUILD_FOR); LUA_INCDIR_$(abi) wants the headers of $(LUA_CALLED_$(abi)), and \
    those in $(LUA_INCDIR_$(abi)) are of $(patsubst Lua LuaJIT,LuaJIT,$(or $(patsubst %,Lua %,$(call \
    lua_in,$(LUA_INCDIR_$(abi)))),no Lua))))))
# What was asked for by name, where nothing installs it first.
ifneq ($(and $(filter command environment,$(origin ABIS)),$(filter-out deps dist env,$(or $(MAKECMDGOALS),all)),$(if $(DEPS),,yes)),)
$(foreach abi,$(ABIS),$(if $(or $(call has_lua,$(abi)),$(filter $(abi),$(call lua_version,$(CPPFLAGS)))),,$(error ABIS=$(abi): no \
    headers of $(LUA_CALLED_$(abi)) are found. Install its package for development, or name their folder: \
    LUA_INCDIR_$(abi)=/path)))
endif
endif
ABIS ?= $(foreach abi,$(KNOWN_ABIS),$(if $(call has_lua,$(abi)),$(abi)))
NOT_WHOLE = $(strip $(foreach name,PREFIX BINDIR LUADIR LIBDIR,$(if $(filter-out /%,$(firstword $($(name)))),$(name)=$($(name)))))
ifneq ($(NOT_WHOLE),)
$(error expected whole paths, got $(NOT_WHOLE))
endif

LUA_CFLAGS = $(if $(LUA_INCDIR_$(1)),-I$(LUA_INCDIR_$(1)),$(shell $(PKG_CONFIG) --cflags $(call lua_pc,$(1))))

# Evaluated when a recipe runs, so that what `deps` has just installed is found.
DEFLATE = $(if $(shell $(PKG_CONFIG) --exists libdeflate && echo yes),libdeflate,zlib)
# For the patterns of `strict`; what lacks it says so.
PCRE2 = $(if $(shell $(PKG_CONFIG) --exists libpcre2-8 && echo yes),libpcre2-8)
# For a cache in Redis; likewise.
HIREDIS = $(if $(shell $(PKG_CONFIG) --exists hiredis && echo yes),hiredis)
PACKAGES = libcurl libssl libcrypto $(DEFLATE) $(PCRE2) $(HIREDIS)
PACKAGE_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(PACKAGES)) \
    $(if $(filter libdeflate,$(DEFLATE)),-DHAVE_LIBDEFLATE) $(if $(PCRE2),-DHAVE_PCRE2) \
    $(if $(HIREDIS),-DHAVE_HIREDIS)
# The loader looks for each symbol in one library after the other, in this order; most are libcrypto's own. Static ones
# are named again after those that use them.
PACKAGE_LIBS = $(foreach package,libcrypto libssl,$(shell $(PKG_CONFIG) --libs $(package))) \
    $(shell $(PKG_CONFIG) --libs $(PACKAGES))

WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual \
    -Wwrite-strings -Wvla -Wundef -Wformat=2 $(if $(filter 1,$(WERROR)),-Werror)
ifdef SANITIZE
HARDENING = -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
LINK_HARDENING = -fsanitize=$(SANITIZE)
else
HARDENING = -U_FORTIFY_SOURCE $(if $(filter -O -O1 -O2 -O3 -Os,$(CFLAGS)),-D_FORTIFY_SOURCE=2) -fstack-protector-strong
LINK_HARDENING = -Wl,-z,relro,-z,now,--as-needed,--gc-sections
endif
STAYS = -Wl,-z,nodelete
ifeq ($(SYSTEM),Darwin)
LINK_HARDENING = -Wl,-dead_strip
STAYS =
endif

# Small: what nothing calls is left out, and so are unwind tables where only debuggers want them (-g brings them their
# own). LuaJIT unwinds through the binding, whose tables stay.
SECTIONS = -ffunction-sections -fdata-sections
UNWIND = $(if $(SANITIZE),,-fno-asynchronous-unwind-tables -fno-unwind-tables)

# What runs at most once for a connection or an exchange is built for size.
SELDOM = csrc/core/ways/% csrc/core/x509/% csrc/core/aws/settings% csrc/core/aws/role% csrc/core/aws/sso% \
    csrc/core/aws/session% csrc/core/aws/s%_answer.c csrc/core/aws/c%_answer.c csrc/core/aws/way.c \
    csrc/core/aws/sts.c csrc/core/aws/presign.c csrc/core/aws/harmless% csrc/core/aws/region.c \
    csrc/core/aws/command.c csrc/core/aws/con% csrc/core/aws/instance% csrc/core/aws/foreign% \
    csrc/core/aws/cache_record.c csrc/core/aws/signing_name.c csrc/core/base/suggest.c csrc/core/base/problems.c \
    csrc/core/base/trace.c csrc/engine/call/call_trace.c csrc/engine/ways.c csrc/engine/config.c \
    csrc/engine/fetch.c csrc/engine/files/% \
    csrc/engine/credentials/% csrc/engine/loop/child.c csrc/engine/loop/platform.c csrc/model/check.c \
    csrc/lua/setup.c csrc/lua/client.c csrc/lua/describe.c csrc/lua/model_load.c csrc/lua/names.c csrc/lua/words.c \
    csrc/lua/look.c csrc/lua/machine.c csrc/lua/module.c csrc/lua/pages.c csrc/lua/save.c csrc/lua/presign.c csrc/lua/credentials.c \
    csrc/lua/trace.c \
    csrc/lua/codec/encode_hint.c csrc/lua/codec/encode_problem.c
# Where it is built does not show: the same bytes everywhere.
PLACE = -fdebug-prefix-map='$(CURDIR)'=. -fmacro-prefix-map='$(CURDIR)'=.
# Times after 2038, and files beyond 2 GB, where glibc's own choice is 32 bits; what macOS names differently.
WIDE = -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64 \
    $(if $(filter Darwin,$(SYSTEM)),-D_DARWIN_C_SOURCE -Dst_mtim=st_mtimespec \
    -Dst_ctim=st_ctimespec) $(KQUEUE_DIR:%=-I%)
COMPILE = $(CC) -std=c11 -D_POSIX_C_SOURCE=200809L $(WIDE) -Icsrc $(CPPFLAGS) $(PACKAGE_CFLAGS) \
    -fPIC -fvisibility=hidden -pthread $(WARNINGS) $(HARDENING) $(PLACE) $(CFLAGS)
COMPILE_PART = $(COMPILE) $(SECTIONS) $(if $(filter $(SELDOM),$<),$(patsubst -O2,-Os,$(filter -O2,$(CFLAGS))))
LINK = $(CC) -pthread $(CFLAGS) $(LDFLAGS) $(LINK_HARDENING)
LIBS = $(PACKAGE_LIBS) -lm

PART_SRC = $(filter-out $(OTHERS),$(foreach part,$(PARTS),$(call sources,csrc/$(part))))
PART_OBJ = $(PART_SRC:csrc/%.c=$(BUILD)/obj/%.o) $(KQUEUE_DIR:%=$(BUILD)/obj/kqueue.o)
BINDING_SRC = $(call sources,csrc/lua)
BINDING_OBJ = $(BINDING_SRC:csrc/lua/%.c=$(BUILD)/$(1)/obj/%.o)
MODULES = $(ABIS:%=$(BUILD)/%/bedrock/core.so)

# The command runs on Lua 5.4, or on what there is.
COMMAND_ABI = $(firstword $(filter 5.4,$(ABIS)) $(ABIS))
INTERPRETER = $(or $(call interpreter,$(COMMAND_ABI)),/usr/bin/env $(firstword $(INTERPRETERS_$(COMMAND_ABI))))
COMMAND = $(BUILD)/bin/bedrock
# $(1): where its Lua files are, $(2): its binaries; %s is the Lua version. $(3) and $(4): the same from where the command
# lies, looked at before, as what was made in one place may be moved to another; $(5): only if that is there. Not by sed,
# whose own the systems' differ.
COMMAND_TEXT = { printf '%s\n' '\#!$(INTERPRETER)' 'local version = _VERSION:match "%d%.%d"' \
    'package.path = ("$(1)/?.lua;$(1)/?/init.lua;"):gsub("%%s", version) .. package.path' \
    'package.cpath = ("$(2)/?.so;"):gsub("%%s", version) .. package.cpath' $(if $(3),$(call BESIDE_TEXT,$(3),$(4),$(5))); \
    tail -n +2 bin/bedrock; }
BESIDE_TEXT = 'local here = arg[0]:match "^(.*)/[^/]*$$" or "."' \
    'local function beside(path) return here .. path:gsub("%%s", version) end' \
    $(if $(3),'local mark = io.open(beside "$(3)")' 'if mark then' 'mark:close()') \
    'package.path = beside "$(1)/?.lua;" .. beside "$(1)/?/init.lua;" .. package.path' \
    'package.cpath = beside "$(2)/?.so;" .. package.cpath' $(if $(3),'end')
# From the command to the sources, where it is made within them. A link to it has no such folder around it.
space := $() $()
PARTS_OF_BUILD = $(subst /, ,$(filter-out /%,$(subst $(CURDIR)/,,$(abspath $(BUILD)))))
BESIDE_BUILD = $(if $(PARTS_OF_BUILD),/..$(subst $(space),,$(patsubst %,/..,$(PARTS_OF_BUILD)))/lua)

C_TESTS = $(patsubst spec/c/%.c,$(BUILD)/spec/%,$(wildcard spec/c/test_*.c))
# Those that run the binding within a Lua state of their own.
LUA_C_TESTS = $(patsubst spec/c/%.c,$(BUILD)/spec/%, \
    $(shell grep -l '"lua/' $(wildcard spec/c/test_*.c) /dev/null))
C_TEST_OBJ = $(patsubst spec/c/%.c,$(BUILD)/spec/%.o, \
    $(filter-out spec/c/test_% %_module.c,$(wildcard spec/c/*.c)))
# Parts of the binding as Lua modules of their own, for specs and benchmarks.
TEST_MODULES = $(foreach abi,$(ABIS),$(patsubst spec/c/%.c,$(BUILD)/$(abi)/%.so,$(wildcard spec/c/*_module.c)))
# The module as it is where there is neither PCRE2 nor hiredis, each of which only one file uses.
BARE_PARTS = %/regex.o %/resp.o
BARE_OBJ = $(BUILD)/bare/regex.o $(BUILD)/bare/resp.o
BARE_MODULES = $(ABIS:%=$(BUILD)/bare/%/bedrock/core.so)
FUZZERS = $(patsubst spec/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard spec/fuzz/fuzz_*.c))
LUA_FUZZERS = $(patsubst spec/fuzz/%.c,$(BUILD)/fuzz/%,$(shell grep -l '"lua/' spec/fuzz/fuzz_*.c))
FLOORS = $(ABIS:%=$(BUILD)/%/floor.so) $(ABIS:%=$(BUILD)/%/floor_json.so) $(BUILD)/bench/processes
BENCHES = $(patsubst bench/c/%.c,$(BUILD)/bench/%,$(wildcard bench/c/*.c))

# What runs tests, so that they end, and all that they started with them.
LEASH = $(BUILD)/leash

.PHONY: all command help-files help test demo play docs coverage lint sanitize interop soak cross fuzz bench curves modules c-tests test-modules fuzz-targets benches dist install \
    uninstall clean deps env refresh-api FORCE
.DELETE_ON_ERROR:
.SECONDARY:

all: modules command

command: $(COMMAND)

$(COMMAND): bin/bedrock Makefile | $(MODULES)
	@mkdir -p $(@D)
	$(Q)$(call COMMAND_TEXT,$(CURDIR)/lua,$(abspath $(BUILD))/%s,$(BESIDE_BUILD),/../%s,/../flags) >$@ && chmod 755 $@

help:
	@echo 'make            build the module for the Lua versions found ($(ABIS))'
	@echo 'make demo       the main job end to end, against a local endpoint'
	@echo 'make play       a prompt with a connection to a local endpoint'
	@echo 'make test       everything that must pass; the last line counts'
	@echo 'make docs       the pages as a site in $(BUILD)/site, every link looked up'
	@echo 'make install    to PREFIX ($(PREFIX)); uninstall undoes it'
	@echo 'make dist       the sources of this version as one file'
	@echo 'make env        prints LUA_PATH and LUA_CPATH for eval; LUA=luajit for LuaJIT'
	@echo 'make deps       install what is missing on Debian'
	@echo 'make refresh-api  facts, tables and reference from the newest botocore; VERSION=X.Y.Z for another'
	@echo 'make lint       the linters of C, Lua, shell and Python; includes between folders'
	@echo 'make sanitize   C tests and specs under sanitizers and valgrind'
	@echo 'make interop    against boto3 and others'
	@echo 'make cross      kqueue here; arm64, s390x, armhf cross compiled: C tests and a smoke, by qemu'
	@echo '                MACHINES=musl: the same with another C library, on this machine'
	@echo 'make soak       nginx under load, for a long time'
	@echo 'make fuzz bench the fuzzers; the benchmarks'
	@echo 'make curves     what a byte, a message, a call costs as there are more'
	@echo 'make coverage   lines and branches of csrc that C tests and specs reach'
	@echo 'make compile_commands.json  for editors'
	@echo 'make clean      removes $(BUILD)'

modules: $(MODULES)
	$(if $(MODULES),@:,@echo 'no Lua headers found: install liblua5.4-dev, or run make deps' >&2; exit 1)

# The compile command: when it changes, everything is compiled anew (not for WERROR alone).
$(BUILD)/flags: private FLAGS = $(filter-out -Werror,$(COMPILE_PART))
$(BUILD)/flags $(ABIS:%=$(BUILD)/%/flags): FORCE | $(DEPS)
	@mkdir -p $(@D)
	@echo "$(FLAGS)" | cmp -s - $@ || echo "$(FLAGS)" >$@

$(BUILD)/obj/%.o: csrc/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(COMPILE_PART) $(UNWIND) -MMD -MP -c -o $@ $<

$(BUILD)/obj/kqueue.o: spec/kqueue/kqueue.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

# What the benchmarks measure against: bare libraries, called from Lua. yyjson is Debian's, from release 13 on, or
# fetched.
ifeq ($(shell $(PKG_CONFIG) --exists yyjson && echo yes),yes)
YYJSON_PARTS = $(shell $(PKG_CONFIG) --cflags --libs yyjson)
else
YYJSON = $(BUILD)/yyjson/yyjson.o
YYJSON_PARTS = -isystem $(BUILD)/yyjson $(YYJSON)
endif

$(BUILD)/yyjson/yyjson.c: bench/floor/yyjson.sh
	$(call say,FETCH yyjson)
	$(Q)bench/floor/yyjson.sh $(@D)

$(BUILD)/yyjson/yyjson.o: $(BUILD)/yyjson/yyjson.c
	$(Q)$(CC) -O2 -fPIC -fvisibility=hidden -c -o $@ $<

define FLOOR_RULES
$(BUILD)/$(1)/floor.so: bench/floor/floor.c $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(call say,LINK $$@)
	$$(Q)$$(COMPILE) $$(call LUA_CFLAGS,$(1)) $(LIBFLAG) -fvisibility=default -o $$@ $$< $$(LIBS)

$(BUILD)/$(1)/floor_json.so: bench/floor/json.c $(YYJSON) $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(call say,LINK $$@)
	$$(Q)$$(COMPILE) $$(call LUA_CFLAGS,$(1)) $(LIBFLAG) -o $$@ $$< $(YYJSON_PARTS)
endef

# One binary for each Lua ABI. Lua's own symbols come from the interpreter; the module stays in
# memory once loaded, as libcurl and OpenSSL do not like to go.
define ABI_RULES
$(BUILD)/$(1)/flags: private FLAGS = $$(call LUA_CFLAGS,$(1))

$(BUILD)/$(1)/obj/%.o: csrc/lua/%.c $(BUILD)/flags $(BUILD)/$(1)/flags
	@mkdir -p $$(@D)
	$$(call say,CC $$< for Lua $(1))
	$$(Q)$$(COMPILE_PART) $$(call LUA_CFLAGS,$(1)) -MMD -MP -c -o $$@ $$<

$(BUILD)/$(1)/bedrock/core.so: $$(call BINDING_OBJ,$(1)) $$(PART_OBJ)
	@mkdir -p $$(@D)
	$$(call say,LINK $$@)
	$$(Q)$$(LINK) $$(LIBFLAG) $(STAYS) -o $$@ $$^ $$(LIBS)

$(BUILD)/$(1)/obj/%_module.o: spec/c/%_module.c $(BUILD)/flags $(BUILD)/$(1)/flags
	@mkdir -p $$(@D)
	$$(call say,CC $$< for Lua $(1))
	$$(Q)$$(COMPILE) -Ispec/c $$(call LUA_CFLAGS,$(1)) -MMD -MP -c -o $$@ $$<

$(BUILD)/bare/$(1)/bedrock/core.so: $$(call BINDING_OBJ,$(1)) $$(filter-out $(BARE_PARTS),$$(PART_OBJ)) $(BARE_OBJ)
	@mkdir -p $$(@D)
	$$(call say,LINK $$@)
	$$(Q)$$(LINK) $$(LIBFLAG) $(STAYS) -o $$@ $$^ $$(LIBS)

$(BUILD)/$(1)/%_module.so: $(BUILD)/$(1)/obj/%_module.o $$(call BINDING_OBJ,$(1)) $$(PART_OBJ)
	$$(call say,LINK $$@)
	$$(Q)$$(LINK) $$(LIBFLAG) $(STAYS) -o $$@ $$^ $$(LIBS)
endef
$(foreach abi,$(ABIS),$(eval $(call ABI_RULES,$(abi))))
$(foreach abi,$(ABIS),$(eval $(call FLOOR_RULES,$(abi))))

c-tests: $(C_TESTS) $(LEASH)

$(LEASH): tools/leash.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,LINK $@)
	$(Q)$(CC) -std=c11 $(WARNINGS) -O2 -g -o $@ $<

test-modules: $(TEST_MODULES) $(BARE_MODULES)

$(BARE_OBJ): $(BUILD)/bare/%.o: csrc/core/text/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC $< without PCRE2 and hiredis)
	$(Q)$(COMPILE) -UHAVE_PCRE2 -UHAVE_HIREDIS -MMD -MP -c -o $@ $<

$(BUILD)/spec/%.o: spec/c/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(COMPILE) -Ispec/c $(EXTRA_CFLAGS) -MMD -MP -c -o $@ $<

# All that is below the binding, of which tests and benchmarks take what they use.
$(BUILD)/libbedrock.a: $(PART_OBJ)
	$(call say,AR $@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(C_TESTS): $(BUILD)/spec/%: $(BUILD)/spec/%.o $(C_TEST_OBJ) $(BUILD)/libbedrock.a
	$(call say,LINK $@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(BUILD)/libbedrock.a $(EXTRA_LIBS) $(LIBS)

$(LUA_C_TESTS): $(call BINDING_OBJ,5.4) $(patsubst spec/c/%.c,$(BUILD)/5.4/obj/%.o,$(wildcard spec/c/*_module.c))
$(LUA_C_TESTS): private EXTRA_LIBS = $(shell $(PKG_CONFIG) --libs $(call lua_pc,5.4))
$(LUA_C_TESTS:=.o): private EXTRA_CFLAGS = $(call LUA_CFLAGS,5.4)

# With CC=clang SANITIZE=fuzzer-no-link,…; see spec/fuzz/run.sh.
fuzz-targets: $(FUZZERS)

$(FUZZERS): $(BUILD)/fuzz/%: spec/fuzz/%.c $(PART_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK $@)
	$(Q)$(COMPILE) -Ispec/fuzz $(EXTRA_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(EXTRA_LIBS) $(LIBS)

$(LUA_FUZZERS): $(call BINDING_OBJ,5.4)
$(LUA_FUZZERS): private EXTRA_CFLAGS = $(call LUA_CFLAGS,5.4)
$(LUA_FUZZERS): private EXTRA_LIBS = $(shell $(PKG_CONFIG) --libs $(call lua_pc,5.4))

benches: $(BENCHES) $(FLOORS)

$(BUILD)/bench/processes: bench/floor/processes.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,LINK $@)
	$(Q)$(COMPILE) -o $@ $<

$(BUILD)/bench/%.o: bench/c/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(COMPILE) -Ibench/c -MMD -MP -c -o $@ $<

$(BENCHES): $(BUILD)/bench/%: $(BUILD)/bench/%.o $(BUILD)/libbedrock.a
	$(call say,LINK $@)
	$(Q)$(LINK) -o $@ $^ $(LIBS)

# Seconds that a run may take before it is ended, on a slow and busy machine.
test: modules c-tests test-modules
	@$(LEASH) -t 7200 spec/run.sh

demo: modules $(LEASH)
	@$(LEASH) -t 900 tools/demo.sh

play: modules command
	@tools/play.sh

docs: | $(DEPS)
	@tools/site.sh

# For editors and tools that ask how a file is compiled.
compile_commands.json: FORCE
	@for f in $(PART_SRC) $(BINDING_SRC) $(wildcard spec/c/*.c spec/fuzz/*.c bench/*/*.c tools/*.c); do \
	    printf '{"directory": "%s", "file": "%s", "arguments": [%s"-I%s", "-c", "%s"]},\n' '$(CURDIR)' $$f \
	        '$(foreach word,$(filter-out -Werror,$(COMPILE) $(call LUA_CFLAGS,5.4)),"$(word)",)' $${f%/*} $$f; \
	done | sed '1s/^/[/; $$s/,$$/]/' >$@

coverage: | $(DEPS)
	@tools/coverage.sh $(BUILD)/coverage

lint: | $(DEPS)
	@tools/lint.sh

sanitize: modules $(LEASH)
	@$(LEASH) -t 28800 spec/sanitize.sh

interop: modules command benches test-modules $(LEASH)
	@$(LEASH) -t 7200 spec/interop/run.sh $(BUILD)

soak: modules $(LEASH)
	@$(LEASH) -t 7200 spec/nginx/soak.sh $(BUILD)

cross: $(LEASH)
	@tools/deps.sh cross
	@$(LEASH) -t 14400 tools/cross.sh $(MACHINES)

fuzz: $(LEASH) | $(DEPS)
	@$(LEASH) -t 28800 spec/fuzz/run.sh

bench: modules command benches test-modules $(LEASH)
	@$(LEASH) -t 10800 bench/with_endpoint.sh $(BUILD) bench/run.sh $(BUILD)

# What a byte, a message, a call costs as there are more: times alone, which takes minutes.
curves: modules benches test-modules $(LEASH)
	@$(LEASH) -t 3600 bench/with_endpoint.sh -i 20 $(BUILD) lua5.4 bench/measure.lua -t $(BUILD) bench/curves.txt $(CURVE)

# From the newest botocore, or VERSION=X.Y.Z.
refresh-api: | $(DEPS)
	@tools/refresh_api.sh $(if $(VERSION),--version $(VERSION)) --write

deps:
	@tools/deps.sh $(if $(filter-out demo play test deps,$(MAKECMDGOALS)),all,$(or $(filter test,$(MAKECMDGOALS)),$(if $(filter demo play,$(MAKECMDGOALS)),demo),all))

# For an interpreter: where the module is.
abi_of = $(or $(shell $(1) -e 'io.write(_VERSION:match "%d%.%d")' 2>/dev/null),5.4)
MODULE_PATH = $(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;
MODULE_CPATH = $(abspath $(BUILD))/$(call abi_of,$(1))/?.so;

# What is set already stays behind it.
env:
	@echo "export LUA_PATH='$(MODULE_PATH)'\"\$${LUA_PATH:-;}\" LUA_CPATH='$(call MODULE_CPATH,$(LUA))'\"\$${LUA_CPATH:-;}\""

# LuaRocks names one LUADIR and LIBDIR; otherwise each Lua version has its own.
INSTALL_LUA = $(DESTDIR)$(subst %s,$(1),$(or $(LUADIR),$(PREFIX)/share/lua/%s))
INSTALL_LIB = $(DESTDIR)$(subst %s,$(1),$(or $(LIBDIR),$(PREFIX)/lib/lua/%s))
BINDIR ?= $(PREFIX)/bin
# Where files will be at last: LuaRocks moves them on, into its tree's folders for a Lua version.
finally = $(if $(findstring /lib/luarocks/,$(1)),$(firstword $(subst /lib/luarocks/, ,$(1)))/$(2)/lua/%s,$(or \
    $(1),$(PREFIX)/$(2)/lua/%s))
SHARE = $(DESTDIR)$(PREFIX)/share
MAN = man/man1/bedrock.1
COMPLETIONS = bash-completion/completions/bedrock zsh/site-functions/_bedrock \
    fish/vendor_completions.d/bedrock.fish
shell_of = $(firstword $(subst -, ,$(subst /, ,$(1))))
# The manual page and the completions are made of the subcommands' own help, by lua-argparse. LuaRocks, which names
# LUADIR, has no place for them.
HELP_FILES = $(if $(LUADIR),,$(MAN) $(COMPLETIONS))
# For people and editors: LuaRocks copies these by itself. The add-on is for the Lua language server.
ADDON = lua-language-server/addons/bedrock
PAGES = doc/lua-bedrock
PAGE_FILES = $(if $(LUADIR),,$(sort $(wildcard *.md LICENSE NOTICE docs/*.md docs/*/*.md $(shell find examples -type f))))
ADDON_FILES = $(if $(LUADIR),,$(sort config.json $(wildcard library/*.lua library/*/*.lua)))
LUA_FILES = $(patsubst lua/%,%,$(sort $(wildcard lua/bedrock/*.lua lua/bedrock/*/*.lua)))

# $(1): files, $(2): in which folder, $(3): where to.
define INSTALL_FILES
	@for f in $(1); do \
	    mkdir -p "$$(dirname '$(3)'/$$f)" && install -m 644 '$(2)'/$$f '$(3)'/$$f || exit 1; \
	done

endef

# Empty folders in one of PREFIX, which stays: $(1): its name, $(2): folders in it.
define REMOVE_EMPTY
@! cd '$(DESTDIR)$(PREFIX)/$(1)' 2>/dev/null || rmdir -p $(2) 2>/dev/null || :
endef

define INSTALL_ABI
	@mkdir -p '$(call INSTALL_LIB,$(1))/bedrock'
	install -m 755 '$(BUILD)/$(1)/bedrock/core.so' '$(call INSTALL_LIB,$(1))/bedrock/core.so'
$(call INSTALL_FILES,$(LUA_FILES),lua,$(call INSTALL_LUA,$(1)))
endef

$(BUILD)/share/$(MAN): tools/man.lua $(LUA_FILES:%=lua/%) $(COMMAND)
	@mkdir -p $(@D)
	$(call say,MAN $@)
	$(Q)LUA_PATH='$(MODULE_PATH);' LUA_CPATH='$(call MODULE_CPATH,$(INTERPRETER));' $(INTERPRETER) tools/man.lua >$@

$(COMPLETIONS:%=$(BUILD)/share/%): $(BUILD)/share/%: $(LUA_FILES:%=lua/%) $(COMMAND)
	@mkdir -p $(@D)
	$(call say,COMPLETION $@)
	$(Q)$(COMMAND) completion $(call shell_of,$*) >$@

help-files: $(HELP_FILES:%=$(BUILD)/share/%)

install: modules help-files
	$(foreach abi,$(ABIS),$(call INSTALL_ABI,$(abi)))
	@mkdir -p '$(DESTDIR)$(BINDIR)'
	$(call COMMAND_TEXT,$(call finally,$(LUADIR),share),$(call finally,$(LIBDIR),lib),/../share/lua/%s,/../lib/lua/%s) \
	    >'$(DESTDIR)$(BINDIR)/bedrock' && chmod 755 '$(DESTDIR)$(BINDIR)/bedrock'
	$(call INSTALL_FILES,$(HELP_FILES),$(BUILD)/share,$(SHARE))
	$(call INSTALL_FILES,$(PAGE_FILES),.,$(SHARE)/$(PAGES))
	$(call INSTALL_FILES,$(ADDON_FILES),.,$(SHARE)/$(ADDON))

uninstall:
	$(foreach abi,$(ABIS),rm -rf '$(call INSTALL_LUA,$(abi))/bedrock' '$(call INSTALL_LIB,$(abi))/bedrock';)
	rm -f '$(DESTDIR)$(BINDIR)/bedrock' $(foreach file,$(HELP_FILES),'$(SHARE)/$(file)')
	$(if $(LUADIR),,rm -rf '$(SHARE)/$(PAGES)' '$(SHARE)/$(ADDON)')
	$(if $(LUADIR),,$(call REMOVE_EMPTY,share,$(ABIS:%=lua/%) $(dir $(COMPLETIONS)) $(dir $(ADDON))))
	$(if $(LIBDIR),,$(call REMOVE_EMPTY,lib,$(ABIS:%=lua/%)))

# The sources of a version as one file, the same bytes each time: what is published, and what the rock is made of.
VERSION_OF_SOURCES := $(shell sed -n 's/^.define BR_VERSION "\(.*\)"/\1/p' csrc/core/base/version.h)
ARCHIVE = $(BUILD)/dist/bedrock-$(VERSION_OF_SOURCES).tar.gz
dist:
	@mkdir -p $(dir $(ARCHIVE))
	$(call say,TAR $(ARCHIVE))
	$(Q)tools/dist.sh bedrock-$(VERSION_OF_SOURCES) >$(ARCHIVE)

clean:
	rm -rf $(BUILD)

-include $(wildcard $(BUILD)/bare/*.d $(BUILD)/obj/*/*.d $(BUILD)/obj/*/*/*.d $(BUILD)/*/obj/*.d $(BUILD)/*/obj/*/*.d $(BUILD)/spec/*.d $(BUILD)/bench/*.d)

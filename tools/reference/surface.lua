-- The hand-written part of library/bedrock.d.lua: everything but the operations.
-- tools/generate_docs.lua puts the rest after it.
-- luacheck: ignore

---@alias bedrock.Timestamp number|string epoch seconds, or ISO 8601
---@alias bedrock.Auth "roles_anywhere"|"access_keys"|"api_key"|"none"|"chain"
---@alias bedrock.ErrorKind "config"|"validation"|"credentials"|"transport"|"timeout"|"service"|"stream"|"cancelled"
---@alias bedrock.OwnErrorCode
---| "ConfigError" # settings or options that cannot be
---| "NotSupported"
---| "ValidationError" # parameters; all that is wrong is in `errors`
---| "ConnectTimeout"
---| "ReadTimeout"
---| "FirstByteTimeout"
---| "TotalTimeout"
---| "BadResponse" # an answer that cannot be read
---| "Truncated" # a stream that ended too early
---| "PartlyRead" # gather on a stream of which events were taken
---| "WaiterFailure" # what is waited for cannot come any more
---| "Cancelled"
---| "Closed"
---| "Forked" # begun before a fork
---@alias bedrock.ErrorCode bedrock.OwnErrorCode|bedrock.ServiceErrorCode
---@alias bedrock.ProblemKind "missing"|"unknown"|"type"|"conflict"|"file"|"certificate"|string

---@class bedrock.Problem
---@field path string "messages[1].content", or a setting's name
---@field kind bedrock.ProblemKind
---@field message string

--- What every failing function returns after nil. `tostring(err)` reads well and shows no secret; `..` does likewise.
---@class bedrock.Error
---@field kind bedrock.ErrorKind
---@field code bedrock.ErrorCode
---@field message string
---@field operation? string
---@field status? integer of the HTTP answer, if there was one
---@field request_id? string
---@field headers? table<string, string> of the answer, as in Metadata, but without set-cookie; not of one that refused credentials
---@field retry_after? number seconds that the service asked to wait
---@field retryable boolean the same call may succeed later
---@field attempts? integer requests of the operation itself; 0: no credentials were to be had for it
---@field errors? bedrock.Problem[] all that is wrong with settings or parameters, by path
---@field fields? table members of a service error
---@field output? table the last answer of what wait waited for
---@field partial? any what a stream had brought when it broke, from gather
---@field report? bedrock.TestReport from test
---@operator concat(any): string

---@class bedrock.Metadata
---@field status integer
---@field attempts integer requests sent
---@field request_id? string
---@field headers table<string, string> lower-case names; repeated fields joined with ", "
---@field token? table<string, string> the idempotency token or session ID that was made up, by member

---@class bedrock.Settings
---@field auth? bedrock.Auth "roles_anywhere" if not given
---@field profile_arn? string
---@field role_arn? string
---@field trust_anchor_arn? string
---@field certificate? string file path, or PEM or DER text
---@field private_key? string file path, or PEM or DER text
---@field certificate_chain? string
---@field private_key_password? string
---@field pkcs12? string file path, or the bytes
---@field session_name? string 2 to 64 characters; needed for roles_anywhere
---@field duration? integer seconds, 900 to 3600
---@field roles_anywhere_region? string "auto": that of Bedrock
---@field roles_anywhere_custom_region? string for regions not listed
---@field access_key_id? string
---@field secret_access_key? string
---@field session_token? string
---@field api_key? string
---@field region? string "us-east-1" if not given
---@field custom_region? string for regions not listed; overrides region
---@field endpoint? string|table<bedrock.ServiceName, string> one URL, or one for each service
---@field allow_http? boolean plain http to other hosts than loopback
---@field use_fips? boolean
---@field use_dualstack? boolean
---@field ca_file? string
---@field client_certificate? string file path or PEM, for the TLS of an endpoint
---@field client_key? string file path or PEM; in client_certificate if not given
---@field client_key_password? string
---@field proxy? string|false URL; false: none; nil: the environment's
---@field connect_timeout? integer ms; -1: none
---@field read_timeout? integer ms of silence; -1: none
---@field first_byte_timeout? integer ms; -1: as read_timeout
---@field total_timeout? integer ms for the whole call; -1: none
---@field max_attempts? integer 1 to 100; 3 if not given
---@field retry_timeouts? boolean
---@field headers? table<string, string> sent with every call
---@field cache? "shared"|"memory"|false
---@field cache_dir? string
---@field validate? boolean
---@field strict? boolean
---@field unknown? "error"|"pass"

--- What can be set for one call.
---@class bedrock.CallOptions
---@field authorization? string sent instead of a signature
---@field headers? table<string, string>
---@field connect_timeout? integer
---@field read_timeout? integer
---@field first_byte_timeout? integer
---@field total_timeout? integer
---@field max_attempts? integer
---@field retry_timeouts? boolean
---@field stream? boolean|"bytes" the answer as a stream, where the operation has that: of events if it is text/event-stream, else of its bytes; "bytes": always of its bytes
---@field require_end? boolean server-sent events that end without their last one, or tell of an error, are an error
---@field validate? boolean
---@field strict? boolean
---@field unknown? "error"|"pass"

---@class bedrock.StreamOptions: bedrock.CallOptions
---@field stream true|"bytes"

---@class bedrock.WaitOptions: bedrock.CallOptions
---@field max_wait? number seconds for the whole

--- Stands in a generic `for`, where an error is raised; `next` returns it.
---@class bedrock.Pages
---@field next fun(self: bedrock.Pages): table?, bedrock.Error?
---@overload fun(): table

--- Stands in a generic `for`, where an error is raised; `next` returns it.
---@class bedrock.Items
---@field next fun(self: bedrock.Items): any, bedrock.Error?
---@overload fun(): any

---@class bedrock.Prepared
---@field method string
---@field url string
---@field headers table<string, string> all that is sent but content-length and user-agent
---@field body? string

---@class bedrock.RawRequest
---@field path string percent-encoded
---@field service? bedrock.ServiceName "bedrock-runtime" if not given
---@field method? string POST with a body, GET without
---@field query? table<string, any>|string names to values or lists; a string is sent as it is
---@field headers? table<string, string>
---@field body? table|string a table is sent as JSON
---@field stream? boolean|"bytes" the answer as a stream: of events if it is text/event-stream, else of its bytes; "bytes": always of its bytes
---@field require_end? boolean server-sent events that end without their last one, or tell of an error, are an error

---@class bedrock.RawAnswer
---@field status integer
---@field headers table<string, string>
---@field body string

---@class bedrock.CredentialsInfo
---@field source bedrock.Auth
---@field cache? "exchange"|"memory"|"file" where they were found
---@field access_key_id? string
---@field expiration? integer epoch seconds; nil: they do not expire
---@field seconds_left? integer

---@class bedrock.TestStep
---@field name "settings"|"certificate"|"credentials"|"bedrock"|"model"
---@field ok boolean
---@field ms number
---@field detail string
---@field hint? string

--- Prints well.
---@class bedrock.TestReport
---@field ok boolean
---@field steps bedrock.TestStep[] none after one that failed

---@class bedrock.TestOptions
---@field model? string an ID, ARN or inference profile to ask as well, for one token at most

---@class bedrock.GenerateParams
---@field model string model ID, ARN or inference profile
---@field prompt? string text and image families
---@field system? string
---@field max_tokens? integer
---@field temperature? number
---@field top_p? number
---@field top_k? integer
---@field stop? string|string[]
---@field negative_prompt? string image families
---@field width? integer
---@field height? integer
---@field count? integer
---@field seed? integer
---@field input? string|string[] embedding families; a list makes one request for each
---@field dimensions? integer
---@field family? string instead of the one the model's name tells
---@field inference? string "cross-region", or a prefix: us, us-gov, eu, apac, jp, au, ca, global

---@class bedrock.TokenUsage
---@field input_tokens? integer
---@field output_tokens? integer

---@class bedrock.Generated
---@field text? string
---@field images? string[] bytes of image files
---@field embeddings? number[][]
---@field stop_reason? string
---@field usage bedrock.TokenUsage
---@field raw table the model's own answer; for a list of inputs, a list of them

---@alias bedrock.ModelKind "on_demand"|"inference_profile"|"custom"|"imported"|"provisioned"

---@class bedrock.Model
---@field id string what operations take as modelId
---@field arn string
---@field name string
---@field provider? string
---@field kind bedrock.ModelKind
---@field profile_type? "system"|"application" of inference profiles
---@field input string[] modalities: TEXT, IMAGE, …
---@field output string[]
---@field streaming boolean

---@class bedrock.ModelFilter
---@field provider? string
---@field kind? bedrock.ModelKind
---@field name? string a part of the name
---@field input? string a modality
---@field output? string a modality; also called modality
---@field modality? string
---@field streaming? boolean

---@class bedrock.ModelList
---@field [integer] bedrock.Model
---@field denied? table<bedrock.ModelKind, bedrock.Error> lists that could not be read

--- A stream of events. What breaks it is raised inside `for name, event in stream:events()`.
---@class bedrock.Stream
local Stream = {}

--- For a generic `for`. Lua 5.4 closes the stream when the loop is left; on LuaJIT call close.
---@return fun(): string, any
function Stream:events() end

--- Never raises: name and event; nil at the end; nil and an error.
---@return string? name
---@return any event
function Stream:next() end

--- Everything that is still to come, put together.
---@return table? result
---@return bedrock.Error? err what had come is in err.partial
function Stream:gather() end

--- Stops it without reading what is left. May be called again.
---@return true
function Stream:close() end

--- An answer's bytes as they come.
---@class bedrock.ByteStream: bedrock.Stream
---@field headers? table<string, string> of a raw request's answer
---@field events fun(self: bedrock.ByteStream): fun(): "chunk", string
---@field next fun(self: bedrock.ByteStream): "chunk"?, string|bedrock.Error|nil

--- id and retry are the last that the service set, in this event or before.
---@class bedrock.ServerSentEvent
---@field event string "message" if it has no name
---@field data string as it was sent, JSON too
---@field id? string
---@field retry? integer ms

--- The events of an answer that is text/event-stream.
---@class bedrock.ServerSentStream: bedrock.Stream
---@field complete? boolean whether [DONE], message_stop or response.completed came; set at the end
---@field status? integer of a raw request's answer
---@field headers? table<string, string> likewise
---@field events fun(self: bedrock.ServerSentStream): fun(): string, bedrock.ServerSentEvent
---@field next fun(self: bedrock.ServerSentStream): string?, bedrock.ServerSentEvent|bedrock.Error|nil
---@field gather fun(self: bedrock.ServerSentStream): bedrock.GatheredServerSent?, bedrock.Error?

---@class bedrock.GatheredServerSent
---@field complete boolean whether [DONE], message_stop or response.completed came
---@field status? integer of a raw request's answer
---@field headers? table<string, string> likewise
---@field events bedrock.ServerSentEvent[]

--- An event, or a delta's, that has no place in what is gathered, or whose place is taken.
---@class bedrock.OtherEvent
---@field name string
---@field event any

---@class bedrock.GatheredEvents
---@field parts { name: string, event: any }[]

---@class bedrock.GatheredModel
---@field text string
---@field parts any[] each chunk's JSON, or its bytes
---@field complete? boolean true: the model's last chunk came; nil: no chunk told whose they are
---@field contentType? string

---@class bedrock.GatheredAgent
---@field text string
---@field citations table[]
---@field trace table[]
---@field files table[]
---@field returnControl? table the first; inputs of further ones for the same invocation are in it, too
---@field others? bedrock.OtherEvent[]
---@field sessionId? string

---@class bedrock.GatheredFlow
---@field text string
---@field outputs table[]
---@field trace table[]
---@field completionReason? string
---@field inputRequest? table
---@field others? bedrock.OtherEvent[]
---@field executionId? string

---@class bedrock.GatheredMessage
---@field output { message: { role: string, content: table[] } } the last message
---@field messages? { role: string, content: table[] }[] all, where there are several
---@field others? bedrock.OtherEvent[]
---@field stopReason? string
---@field usage? table
---@field metrics? table

---@class bedrock.GatheredPrompt
---@field text? string
---@field analysis? string
---@field optimizedPrompt? table

---@class bedrock.GatheredRetrieval
---@field text string
---@field results table[]
---@field trace table[]
---@field generatedResponse? any
---@field nextToken? string

--- A chunk's bytes are JSON of the model's own; this is what they say.
---@class bedrock.runtime.PayloadPart
---@field json? any

---@class bedrock.Connection
---@field region string the effective region
---@field auth bedrock.Auth
local Connection = {}

--- Any operation by name: conn:call("bedrock-runtime", "Converse", { … }).
---@param service bedrock.ServiceName
---@param name string as AWS writes it, or in snake case
---@param params? table
---@param options? bedrock.CallOptions
---@return table? result
---@return bedrock.Error? err
function Connection:call(service, name, params, options) end

--- The signed request that an operation would send, without sending it.
---@param name bedrock.OperationName
---@param params? table
---@param options? bedrock.CallOptions
---@return bedrock.Prepared? request
---@return bedrock.Error? err
function Connection:prepare(name, params, options) end

--- A signed request to a path that no model describes.
---@param fields bedrock.RawRequest
---@param options? bedrock.CallOptions
---@return bedrock.RawAnswer|bedrock.ServerSentStream|bedrock.ByteStream|nil answer
---@return bedrock.Error? err
function Connection:request(fields, options) end

--- The pages of a list, one answer after the other. An unknown name is raised.
---@param name bedrock.PagedOperation
---@param params? table sent with every request
---@param options? bedrock.CallOptions
---@return bedrock.Pages
function Connection:pages(name, params, options) end

--- The items of all pages of a list.
---@param name bedrock.PagedOperation
---@param params? table sent with every request
---@param options? bedrock.CallOptions
---@return bedrock.Items
function Connection:items(name, params, options) end

--- Repeats an operation until its answer says that a state is reached, or cannot be reached.
---@param name bedrock.WaiterName
---@param params? table of the operation
---@param options? bedrock.WaitOptions
---@return table? result the last answer
---@return bedrock.Error? err with the last answer as err.output
function Connection:wait(name, params, options) end

--- One-shot text, images or embeddings, the same for all model families.
---@param given bedrock.GenerateParams
---@param options? bedrock.CallOptions
---@return bedrock.Generated? result
---@return bedrock.Error? err
function Connection:generate(given, options) end

--- What can be called in this region.
---@param filter? bedrock.ModelFilter
---@param options? bedrock.CallOptions
---@return bedrock.ModelList? list
---@return bedrock.Error? err
function Connection:models(filter, options) end

--- Settings, certificate, credentials and access to Bedrock, and to a model if one is named, step by step.
---@param options? bedrock.TestOptions
---@return bedrock.TestReport? report
---@return bedrock.Error? err with the report as err.report
function Connection:test(options) end

--- What the next call will be signed with, without its secrets; obtained first if there is none.
---@return bedrock.CredentialsInfo? info
---@return bedrock.Error? err
function Connection:credentials() end

--- Exchanges for new credentials, whatever memory and files hold, and replaces both.
---@return true? ok
---@return bedrock.Error? err
function Connection:refresh() end

--- One line about the certificate in use; nil if there is none.
---@return string?
function Connection:certificate() end

--- Ends what runs on it. May be called again.
---@return true
function Connection:close() end

--- One member of a description; lists have `element`, maps `key` and `value`.
---@class bedrock.DescribedShape
---@field name? string
---@field type "structure"|"union"|"list"|"map"|"string"|"blob"|"boolean"|"integer"|"long"|"float"|"double"|"timestamp"|"document"
---@field required? true
---@field token? true filled in when absent
---@field payload? true it is the whole body
---@field deprecated? true
---@field sensitive? true
---@field sparse? true its elements may be null
---@field stream? true its members are events
---@field error? true
---@field more? true it has members below the depth asked for
---@field location? "uri"|"query"|"header"|"status"
---@field min? number
---@field max? number
---@field enum? string[]
---@field pattern? string
---@field members? bedrock.DescribedShape[]
---@field element? bedrock.DescribedShape
---@field key? bedrock.DescribedShape
---@field value? bedrock.DescribedShape

--- How the pages of a list follow each other; paths are dotted.
---@class bedrock.DescribedPaginator
---@field input string the member that takes the token
---@field output string where the next token is
---@field limit? string the member that takes the size of a page
---@field result string where the items are
---@field more? string

--- Prints like documentation.
---@class bedrock.Description
---@field name string "tag_resource"
---@field full_name string "agent.tag_resource": what finds it without a service
---@field operation string
---@field service string
---@field namespace string
---@field method string
---@field uri string
---@field stream? string the member that streams
---@field readonly? true
---@field idempotent? true
---@field two_way? true it takes a stream of events, too
---@field paginator? bedrock.DescribedPaginator
---@field waiters string[]
---@field input? bedrock.DescribedShape
---@field output? bedrock.DescribedShape
---@field errors string[]

---@class bedrock.ApiVersion
---@field source string
---@field hash string
---@field services table<string, string>

---@class bedrock.SignParams
---@field url string path and query percent-encoded
---@field method? string POST if not given
---@field headers? table<string, string>
---@field body? string
---@field region string
---@field service? string "bedrock" if not given
---@field access_key_id string
---@field secret_access_key string
---@field session_token? string
---@field time? number epoch seconds; now if not given

---@class bedrock
---@field _NAME string
---@field _VERSION string
---@field null lightuserdata JSON's null; the same value as cjson.null and ngx.null
local bedrock = { _NAME = "bedrock", _VERSION = "", null = nil }

--- No network I/O; checks all it can and reports all problems in one error.
---@param settings bedrock.Settings
---@return bedrock.Connection? conn
---@return bedrock.Error? err
function bedrock.connect(settings) end

--- Connects and tests. There is a report even when the settings are bad: err.report.
---@param settings bedrock.Settings
---@param options? bedrock.TestOptions
---@return bedrock.TestReport? report
---@return bedrock.Error? err
function bedrock.test(settings, options) end

--- What is known of an answer beside its contents.
---@param result any a result, a stream, or what a stream gathered
---@return bedrock.Metadata? metadata nil for anything else
function bedrock.metadata(result) end

--- Marks a table as a list, so that an empty one is [] where any JSON may stand.
---@generic T: table
---@param t? T a new table if not given
---@return T
function bedrock.array(t) end

--- Signature Version 4 for requests that others send.
---@param request bedrock.SignParams
---@return table<string, string>? headers to add
---@return bedrock.Error? err
function bedrock.sign(request) end

--- JSON as this module writes and reads it: integers stay integers, [] stays [], keys keep their order.
bedrock.json = {}

--- A number as its JSON text: it prints so, is sent so, and compares with others of its kind by its value. Decoded JSON
--- has them where no number of Lua holds what was written.
---@class bedrock.Number: userdata
---@operator concat(string|number|bedrock.Number): string

--- JSON that is sent byte for byte, where any JSON may stand.
---@class bedrock.RawJson: userdata
---@operator concat(string): string

---@param text string a number as JSON writes it
---@return bedrock.Number? number
---@return bedrock.Error? err
function bedrock.json.number(text) end

---@param text string JSON; checked here
---@return bedrock.RawJson? json
---@return bedrock.Error? err
function bedrock.json.raw(text) end

---@param value any
---@return string? text
---@return bedrock.Error? err
function bedrock.json.encode(value) end

---@param text string
---@return any value
---@return bedrock.Error? err
function bedrock.json.decode(text) end

--- A function that runs as a coroutine.
---@class bedrock.Task
---@field join fun(self: bedrock.Task): any, any waits for its end: what it returned; nil and an error if it raised one
---@field cancel fun(self: bedrock.Task): true raises an error of kind "cancelled" where it waits
---@field status fun(self: bedrock.Task): "running"|"done"|"cancelled"

--- Starts a function as a coroutine. What it calls yields while it waits, so that others go on.
---@param f function
---@param ... any its arguments
---@return bedrock.Task task
function bedrock.spawn(f, ...) end

--- Who is told of the error of a task that nobody joined, once it is collected or the Lua state is closed; nil:
--- standard error, in nginx the error log. The function must not wait.
---@param f nil|fun(err: any, task: bedrock.Task)
function bedrock.on_task_error(f) end

---@class bedrock.ParallelOptions
---@field limit? integer how many run at once; all if not given
---@field stop_on_error? boolean the first that fails cancels the others, and no more are started

--- Runs functions at the same time and waits for all: parallel({ f1, f2 }, { limit = 10 }) or parallel(f1, f2).
---@overload fun(...: function): table, table<integer, any>?
---@param functions function[]
---@param options? bedrock.ParallelOptions
---@return table results the first value that each returned, in order; `n`: how many
---@return table<integer, any>? errs nil if none failed; else errors by the number of the function
function bedrock.parallel(functions, options) end

--- Which facts of AWS's this build was made from.
---@return bedrock.ApiVersion
function bedrock.api_version() end

--- Names of operations, as conn:prepare takes them. The list prints well.
---@param service? bedrock.ServiceName
---@return string[]? names
---@return bedrock.Error? err
function bedrock.operations(service) end

--- What an operation takes and returns.
---@param name bedrock.OperationName
---@param depth? integer levels of members to show, 1 to 8; 3 if not given
---@return bedrock.Description? description
---@return bedrock.Error? err
function bedrock.describe(name, depth) end

--- A table of an operation's parameters to fill in.
---@param name bedrock.OperationName
---@return table? params
---@return bedrock.Error? err
function bedrock.skeleton(name) end

--- Adds or replaces operations from a facts file.
---@param file string
---@return true? ok
---@return bedrock.Error? err
function bedrock.load_api(file) end

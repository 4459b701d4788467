-- The annotations of our own functions that are written in C, and of types that several files share; others are beside
-- the code in lua/bedrock. tools/generate_docs.lua makes library/bedrock.d.lua and docs/reference/api.md of both.
-- luacheck: ignore

---@alias bedrock.Timestamp number|string epoch seconds, or ISO 8601
---@alias bedrock.Auth
---| "roles_anywhere" # a certificate and its key
---| "access_keys"
---| "api_key"
---| "none" # nothing is signed: an endpoint of one's own does
---| "custom" # a function: credentials
---| "environment" # AWS_ACCESS_KEY_ID and the others
---| "web_identity" # a token in a file, for STS
---| "profile" # of AWS's shared files
---| "process" # a program: credential_process
---| "container" # ECS, EKS Pod Identity
---| "instance" # EC2
---| "chain" # the first of these that is there, as AWS's SDKs look for them
---@alias bedrock.ErrorKind "config"|"validation"|"credentials"|"transport"|"timeout"|"service"|"stream"|"cancelled"
---|"conversation" # of a chat or an agent's session
---@alias bedrock.OwnErrorCode
---| "ConfigError" # settings or options that are wrong
---| "NotSupported"
---| "ValidationError" # parameters; all that is wrong is in `errors`
---| "ConnectTimeout"
---| "ReadTimeout"
---| "FirstByteTimeout"
---| "TotalTimeout"
---| "ConnectFailed"
---| "DnsFailed" # a name that is not known
---| "TlsFailed" # a certificate that is not trusted, or no TLS
---| "ProxyFailed"
---| "SendFailed" # the connection broke before all was sent
---| "ConnectionLost" # … and after
---| "BodyFailed" # a body of your own that did not come to its end
---| "NoMemory"
---| "NoEngine" # the system refused a thread or a descriptor
---| "NoBridge" # … or a socket to the engine's thread, in nginx
---| "OutputFailed" # standard output, to which print writes
---| "BadResponse" # an answer that cannot be read
---| "Truncated" # a stream that ended too early
---| "PartlyRead" # gather on a stream of which events were taken
---| "WaiterFailure" # the state waited for cannot be reached any more
---| "Cancelled"
---| "Closed"
---| "NoCredentials" # nothing was found where auth says to look
---| "SigningFailed" # the certificate's key, or what sign gave
---| "CertificateExpired"
---| "FunctionFailed" # a function of yours gave nothing that can be used
---| "FunctionRaised" # a function of yours raised an error
---| "TokenFile" # a token's file that cannot be read
---| "CredentialsExpired" # what a source gives is too old
---| "ProcessFailed" # credential_process did not start, or ended in failure
---| "ProcessTimeout" # … did not end in time
---| "LoginRequired" # `aws sso login` is due
---| "Forked" # begun before a fork
---| "TooManyRounds" # of tools, in a chat or a session
---| "Unfit" # an object that does not fit its schema
---| "Incomplete" # an answer that was cut
---| "PendingCalls" # calls of tools wait for their results
---| "Stale" # a chat went on meanwhile
---| "Busy" # another turn runs
---| "UnknownInvocation" # an agent wants what this version does not know
---| "ModelError" # a model's own error in a stream
---@alias bedrock.ErrorCode bedrock.OwnErrorCode|bedrock.ServiceErrorCode
---@alias bedrock.LogLevel
---| "info" # what happens to calls, without contents
---| "debug" # and more of how
---| "wire" # and heads and bodies, without secrets
---@alias bedrock.ProblemKind "missing"|"unknown"|"type"|"conflict"|"file"|"certificate"|string

--- The options of a connection: docs/settings.md has them with defaults and limits.
---@class bedrock.Settings
---@field auth? bedrock.Auth "roles_anywhere" if not given
---@field profile_arn? string the Roles Anywhere profile; needed for roles_anywhere
---@field role_arn? string the role to assume; needed for roles_anywhere
---@field trust_anchor_arn? string the trust anchor that the certificate leads to; needed for roles_anywhere
---@field certificate? string file path, or PEM or DER text
---@field private_key? string file path, or PEM or DER text, or a URI for OpenSSL's store ("pkcs11:…", "handle:…", "file:…")
---@field openssl_providers? string|string[] loaded for private_key alone, such as { "tpm2", "default" }
---@field certificate_chain? string intermediates: file path, or PEM
---@field private_key_password? string of an encrypted key or PKCS#12
---@field pkcs12? string file path, or the bytes
---@field session_name? string 2 to 64 characters; needed for roles_anywhere
---@field duration? integer seconds, 900 to 3600
---@field roles_anywhere_region? string "auto": Bedrock's region
---@field roles_anywhere_custom_region? string for regions not listed
---@field access_key_id? string for auth = "access_keys"
---@field secret_access_key? string for auth = "access_keys"
---@field session_token? string of temporary keys
---@field api_key? string|fun(): string?, number|string|bedrock.Error|nil a function gives the key and its expiration
---   (epoch seconds or ISO 8601), or nil and an error
---@field credentials? fun(): bedrock.GivenCredentials?, any for auth = "custom"; called before a call that needs them
---@field sign? fun(data: string, algorithm: "RSA-SHA256"|"ECDSA-SHA256"): string?, any in place of private_key: signs
---   with the certificate's key (PKCS#1 v1.5, or DER), or returns nil and an error
---@field web_identity? bedrock.WebIdentity for auth = "web_identity"; else its variables
---@field container? bedrock.Container for auth = "container"; else its variables
---@field instance? bedrock.Instance for auth = "instance"
---@field profile? string for auth = "profile" or "chain"; AWS_PROFILE or "default" if not given
---@field config_file? string "~/.aws/config" if not given
---@field credentials_file? string "~/.aws/credentials" if not given
---@field credential_process? string the program's line, for auth = "process"; no shell reads it
---@field assume_role? bedrock.Role|bedrock.Role[] assumed on top, one after another
---@field region? string "us-east-1" if not given
---@field custom_region? string for regions not listed; overrides region
---@field endpoint? string|table<bedrock.ServiceName, string> one URL, or one for each service
---@field allow_http? boolean plain http to hosts other than loopback
---@field use_fips? boolean FIPS endpoints
---@field use_dualstack? boolean endpoints with IPv4 and IPv6
---@field ca_file? string PEM file of the only authorities to trust for TLS
---@field client_certificate? string file path or PEM, for TLS with your own endpoint
---@field client_key? string file path or PEM; in client_certificate if not given
---@field client_key_password? string of an encrypted client_key
---@field proxy? string|false URL; false: none; nil: the environment's
---@field connect_timeout? integer ms; -1: none
---@field read_timeout? integer ms of silence; -1: none
---@field first_byte_timeout? integer ms; -1: as read_timeout
---@field total_timeout? integer ms for the whole call; -1: none
---@field max_attempts? integer 1 to 100; 3 if not given
---@field retry_timeouts? boolean try again after a read timeout, too; a generation may then be paid for twice
---@field headers? table<string, string> sent with every call
---@field cache? "shared"|"memory"|string|false a string: the URL of a Redis server
---@field cache_dir? string directory of the cache files
---@field validate? boolean true if not given: parameters are checked before anything is sent
---@field strict? boolean unknown enum values, patterns and ARNs of other regions are errors, too
---@field unknown? "error"|"pass" members that this version does not know: an error, or sent
---@field on? bedrock.Hooks functions that are told of each call

--- What a function of credentials gives.
---@class bedrock.GivenCredentials
---@field access_key_id string
---@field secret_access_key string
---@field session_token? string of temporary keys
---@field expiration? bedrock.Timestamp nil: for good

--- A token in a file, exchanged at STS for a role. What is left out is taken from the environment.
---@class bedrock.WebIdentity
---@field token_file? string read anew for each exchange; else AWS_WEB_IDENTITY_TOKEN_FILE
---@field role_arn? string else AWS_ROLE_ARN
---@field session_name? string else AWS_ROLE_SESSION_NAME

--- Where ECS or EKS hand out credentials. What is left out is taken from the environment.
---@class bedrock.Container
---@field uri? string else AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI
---@field authorization_token? string else AWS_CONTAINER_AUTHORIZATION_TOKEN
---@field authorization_token_file? string else AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE

--- Where the metadata service of EC2 is asked.
---@class bedrock.Instance
---@field endpoint? string else AWS_EC2_METADATA_SERVICE_ENDPOINT, or that of EC2

--- A role that STS is asked for, with the credentials of what lies below.
---@class bedrock.Role
---@field role_arn string the role
---@field session_name? string "lua-bedrock-" and a random part if not given
---@field duration? integer seconds, 900 to 43200; on a role's credentials 3600 at most
---@field external_id? string what its trust policy asks for
---@field policy? string|table JSON, or what becomes it
---@field policy_arns? string[] managed policies that narrow it
---@field tags? table<string, string> of the session
---@field transitive_tag_keys? string[] tags that go on to further roles
---@field source_identity? string as CloudTrail shows it

--- What can be set for one call.
---@class bedrock.CallOptions
---@field authorization? string sent instead of a signature
---@field headers? table<string, string> sent and signed besides
---@field connect_timeout? integer ms
---@field read_timeout? integer ms: the longest silence
---@field first_byte_timeout? integer ms: read_timeout until the first byte
---@field total_timeout? integer ms: the whole call, with retries
---@field max_attempts? integer the first included
---@field retry_timeouts? boolean try again after a read timeout, too
---@field stream? boolean|"bytes" the answer as a stream, if the operation can: of events if it is text/event-stream, else of its bytes; "bytes": always of its bytes
---@field require_end? boolean server-sent events that end without the last one, or report an error, are an error
---@field validate? boolean parameters are checked
---@field strict? boolean and more of them, also in decoded JSON
---@field unknown? "error"|"pass" members that this version does not know: an error, also in decoded JSON, or sent

---@class bedrock.StreamOptions: bedrock.CallOptions
---@field stream true|"bytes"

---@class bedrock.WaitOptions: bedrock.CallOptions
---@field max_wait? number seconds for the whole

---@alias bedrock.MediaInput string|{path?: string, bytes?: string, s3?: string, owner?: string, format?: string}

--- Tokens of a call, as its service counts them.
---@class bedrock.TokenUsage
---@field input_tokens? integer of what was sent
---@field output_tokens? integer of what was made
---@field total_tokens? integer both
---@field cache_read_tokens? integer taken from the prompt cache
---@field cache_write_tokens? integer put into the prompt cache

---@alias bedrock.ModelKind "on_demand"|"inference_profile"|"custom"|"imported"|"provisioned"|"prompt_router"|"marketplace"

--- An answer's bytes as they come.
---@class bedrock.ByteStream: bedrock.Stream
---@field headers? table<string, string> of a raw request's answer
---@field events fun(self: bedrock.ByteStream): fun(): "chunk", string
---@field next fun(self: bedrock.ByteStream): "chunk"?, string|bedrock.Error|nil

--- id and retry are the last values that the service set, in this event or an earlier one.
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

--- What `gather` makes of server-sent events.
---@class bedrock.GatheredServerSent
---@field complete boolean whether [DONE], message_stop or response.completed came
---@field status? integer of a raw request's answer
---@field headers? table<string, string> likewise
---@field events bedrock.ServerSentEvent[]

--- An event or delta that has no place in what is gathered, or whose place is taken.
---@class bedrock.OtherEvent
---@field name string of the event
---@field event any what it holds

--- What `gather` makes of a stream that has no form of its own.
---@class bedrock.GatheredEvents
---@field parts { name: string, event: any }[]

--- What `gather` makes of the chunks of invoke_model_with_response_stream.
---@class bedrock.GatheredModel
---@field text string
---@field parts any[] each chunk's JSON, or its bytes
---@field complete? boolean true: the model's last chunk came; nil: the chunks' form is not known
---@field contentType? string

--- What `gather` makes of invoke_agent and invoke_inline_agent.
---@class bedrock.GatheredAgent
---@field text string
---@field citations table[]
---@field trace table[]
---@field files table[]
---@field returnControl? table the first; inputs of further ones for the same invocation are in it, too
---@field others? bedrock.OtherEvent[]
---@field sessionId? string

--- What `gather` makes of invoke_flow.
---@class bedrock.GatheredFlow
---@field text string
---@field outputs table[]
---@field trace table[]
---@field completionReason? string
---@field inputRequest? table
---@field others? bedrock.OtherEvent[]
---@field executionId? string

--- What `gather` makes of converse_stream and invoke_harness: the same as converse returns.
---@class bedrock.GatheredMessage
---@field output { message: { role: string, content: table[] } } the last message
---@field messages? { role: string, content: table[] }[] all, if there are several
---@field others? bedrock.OtherEvent[]
---@field stopReason? string
---@field usage? table
---@field metrics? table

--- What `gather` makes of optimize_prompt.
---@class bedrock.GatheredPrompt
---@field text? string
---@field analysis? string
---@field optimizedPrompt? table

--- What `gather` makes of retrieve_and_generate_stream.
---@class bedrock.GatheredRetrieval
---@field text string
---@field results table[]
---@field trace table[]
---@field generatedResponse? any
---@field nextToken? string

--- A chunk's bytes are the model's own JSON; this is that JSON, decoded.
---@class bedrock.runtime.PayloadPart
---@field json? any

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

--- The facts of AWS that a build was made from.
---@class bedrock.ApiVersion
---@field source string botocore, and its version
---@field hash string of the facts
---@field services table<string, string> their API versions

--- A request to be signed with keys of your own, without a connection.
---@class bedrock.SignParams
---@field url string path and query percent-encoded
---@field method? string POST if not given
---@field headers? table<string, string> to be signed besides
---@field body? string its bytes
---@field region string whose service it is for
---@field service? string "bedrock" if not given
---@field access_key_id string
---@field secret_access_key string
---@field session_token? string of temporary keys
---@field time? number epoch seconds; now if not given

---@class bedrock
---@field _NAME string
---@field _VERSION string
---@field null lightuserdata JSON's null; the same value as cjson.null and ngx.null
local bedrock = { _NAME = "bedrock", _VERSION = "", null = nil }

--- Marks a table as a list, so that an empty one is [] where any JSON may stand.
---@generic T: table
---@param t? T a new table if not given
---@param err? bedrock.Error what came in place of a table
---@return T
---@return bedrock.Error? err the one given
function bedrock.array(t, err) end

--- Signature Version 4 for requests that others send.
---@param request bedrock.SignParams
---@return table<string, string>? headers to add
---@return bedrock.Error? err
function bedrock.sign(request) end

--- A request to be signed into its URL, with keys of your own.
---@class bedrock.PresignParams
---@field url string path and query percent-encoded
---@field method? string GET if not given
---@field headers? table<string, string> whoever uses the URL must send them
---@field expires? integer seconds, 1 to 604800; 3600 if not given
---@field region string whose service it is for
---@field service? string "bedrock" if not given
---@field access_key_id string
---@field secret_access_key string
---@field session_token? string of temporary keys
---@field time? number epoch seconds; now if not given

--- A URL that carries its signature in the query, so that it is good without credentials until it expires.
---@param request bedrock.PresignParams
---@return string? url
---@return bedrock.Error? err
function bedrock.presign(request) end

--- JSON as this module writes and reads it: integers stay integers, [] stays [], keys keep their order.
bedrock.json = {}

--- A number as its JSON text. It is printed and sent as written, and compares with others of its kind by value. Decoded JSON
--- has them where Lua cannot hold what was written.
---@class bedrock.Number: userdata
---@operator concat(string|number|bedrock.Number): string

--- JSON that is sent byte for byte, where any JSON may stand.
---@class bedrock.RawJson: userdata
---@operator concat(string): string

--- A number that Lua cannot hold exactly, to be sent digit for digit.
---@param text string a number as JSON writes it
---@return bedrock.Number? number
---@return bedrock.Error? err
function bedrock.json.number(text) end

--- A text of JSON to be sent byte for byte, in place of a table.
---@param text string JSON; checked here
---@return bedrock.RawJson? json
---@return bedrock.Error? err
function bedrock.json.raw(text) end

--- JSON of a value. Keys that came as JSON keep their order, others are sorted.
---@param value any
---@param err? bedrock.Error what came in place of a value
---@return string? text
---@return bedrock.Error? err the one given, or what has no JSON
function bedrock.json.encode(value, err) end

--- The value of a JSON text: null is bedrock.null, and an empty list stays one.
---@param text string
---@return any value
---@return bedrock.Error? err
function bedrock.json.decode(text) end

--- The facts of AWS that this build was made from.
---@return bedrock.ApiVersion
function bedrock.api_version() end
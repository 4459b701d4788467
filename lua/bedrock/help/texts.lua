--- What bedrock.help says of our own functions and types. Made by tools/generate_docs.lua.
return {
    functions = {
        ["bedrock.api_version"] = [==[
bedrock.api_version()
The facts of AWS that this build was made from.
  returns bedrock.ApiVersion]==],
        ["bedrock.array"] = [==[
bedrock.array(t?, err?)
Marks a table as a list, so that an empty one is [] where any JSON may stand.
  t?: T, a new table if not given
  err?: bedrock.Error, what came in place of a table
  returns T
  returns bedrock.Error? err the one given]==],
        ["bedrock.certificate"] = [==[
bedrock.certificate(given)
What a certificate says, and what IAM Roles Anywhere would refuse. No network, and nothing secret.
  given: string|bedrock.Settings, a file, or settings: certificate, private_key, certificate_chain,
      pkcs12, …
  returns bedrock.Certificate? report
  returns bedrock.Error? err nothing could be read]==],
        ["bedrock.connect"] = [==[
bedrock.connect(settings)
Checks all it can without network I/O, and reports all problems in one error: err.errors.
  settings: bedrock.Settings
  returns bedrock.Connection? conn
  returns bedrock.Error? err]==],
        ["bedrock.describe"] = [==[
bedrock.describe(name, depth?)
What an operation takes and returns.
  name: bedrock.OperationName
  depth?: integer, levels of members to show, 1 to 8; 3 if not given
  returns bedrock.Description? description
  returns bedrock.Error? err]==],
        ["bedrock.dump"] = [==[
bedrock.dump(value, options?)
A value in full, as Lua source that reads back as the same. Functions, connections and cycles are
told in comments. Values of members that are credentials by their names, such as secret_access_key,
are "(hidden)".
  value: any
  options?: bedrock.DumpOptions|bedrock.Error, an error beside a nil, as a call that failed gives,
      is shown
  returns string source]==],
        ["bedrock.families"] = [==[
bedrock.families()
The families of models that generate speaks to. The table prints.
  returns bedrock.Family[]]==],
        ["bedrock.help"] = [==[
bedrock.help(topic?, err?)
What there is, or what a function, operation, type, namespace or option takes and gives, or an
object has. At LuaJIT's prompt, and by Neovim's :lua, it is written.
  topic?: any, "converse", "chat", "conn:models", "runtime", "bedrock.Settings", "max_tokens", …,
      or an object
  err?: bedrock.Error, what came in place of an object
  returns string? text
  returns bedrock.Error? err nothing is called so; names that may be meant; or the one given]==],
        ["bedrock.json.decode"] = [==[
bedrock.json.decode(text)
The value of a JSON text: null is bedrock.null, and an empty list stays one.
  text: string
  returns any value
  returns bedrock.Error? err]==],
        ["bedrock.json.encode"] = [==[
bedrock.json.encode(value, err?)
JSON of a value. Keys that came as JSON keep their order, others are sorted.
  value: any
  err?: bedrock.Error, what came in place of a value
  returns string? text
  returns bedrock.Error? err the one given, or what has no JSON]==],
        ["bedrock.json.number"] = [==[
bedrock.json.number(text)
A number that Lua cannot hold exactly, to be sent digit for digit.
  text: string, a number as JSON writes it
  returns bedrock.Number? number
  returns bedrock.Error? err]==],
        ["bedrock.json.raw"] = [==[
bedrock.json.raw(text)
A text of JSON to be sent byte for byte, in place of a table.
  text: string, JSON; checked here
  returns bedrock.RawJson? json
  returns bedrock.Error? err]==],
        ["bedrock.load_api"] = [==[
bedrock.load_api(file)
Adds or replaces operations, from a file in the form of csrc/model/facts. They serve all connections
of this Lua state, also open ones.
  file: string
  returns true? ok
  returns bedrock.Error? err]==],
        ["bedrock.log"] = [==[
bedrock.log(to, level?)
Where lines go from now on: to a function, which gets each line and its level; with a level alone,
to standard error, in nginx to its error log; with false, nowhere. Without a level, "info".
  to: false | bedrock.LogLevel | fun(line: string, level: bedrock.LogLevel)
  level?: bedrock.LogLevel]==],
        ["bedrock.metadata"] = [==[
bedrock.metadata(result, err?)
What is known about an answer besides its contents.
  result: any, a result, a stream, or what a stream gathered
  err?: bedrock.Error, what came in place of a result
  returns bedrock.Metadata? metadata nil for anything else
  returns bedrock.Error? err the one given]==],
        ["bedrock.on_task_error"] = [==[
bedrock.on_task_error(f)
The function that gets the error of a task that nobody joined, once the task is collected or the Lua
state closed. nil: standard error, in nginx the error log. The function must not wait.
  f: nil|fun(err: any, task: bedrock.Task)]==],
        ["bedrock.open"] = [==[
bedrock.open(given?)
A connection with the command's settings: what is given here, the variables BEDROCK_…, and the
settings file.
  given?: bedrock.Settings, with `settings` (a path), `model` and `system`, too
  returns bedrock.Connection? conn
  returns bedrock.Error? err
  returns table? own model and system, where they are set]==],
        ["bedrock.operations"] = [==[
bedrock.operations(service?)
Names of operations, as conn:prepare takes them. The list prints one name on each line.
  service?: bedrock.ServiceName
  returns string[]? names
  returns bedrock.Error? err]==],
        ["bedrock.parallel"] = [==[
bedrock.parallel(functions, options?)
Runs functions at the same time and waits for all: parallel({ f1, f2 }, { limit = 10 }) or
parallel(f1, f2).
  functions: function[]
  options?: bedrock.ParallelOptions
  returns table results the first value that each returned, in order; `n`: how many
  returns table<integer, any>? errs nil if none failed; else errors by the number of the function]==],
        ["bedrock.presign"] = [==[
bedrock.presign(request)
A URL that carries its signature in the query, so that it is good without credentials until it
expires.
  request: bedrock.PresignParams
  returns string? url
  returns bedrock.Error? err]==],
        ["bedrock.schema"] = [==[
bedrock.schema(short)
What the short form of a schema becomes. It prints as its JSON.
A text is a type: string, integer, number, boolean or object, with "?" behind it if it may be left
out, and what it is behind ":", as in "integer?: how many". {"low","high"} is one of these values,
{list="string"} a list, and a table of names an object. Tools take it as `input`, chats and generate
as `schema`.
  short: table|string
  returns table? schema JSON Schema
  returns bedrock.Error? err]==],
        ["bedrock.sign"] = [==[
bedrock.sign(request)
Signature Version 4 for requests that others send.
  request: bedrock.SignParams
  returns table<string, string>? headers to add
  returns bedrock.Error? err]==],
        ["bedrock.skeleton"] = [==[
bedrock.skeleton(name)
A table of an operation's parameters to fill in: required members with a placeholder each. Printed,
it is Lua source to paste, with the optional ones in comments.
  name: bedrock.OperationName
  returns table? params
  returns bedrock.Error? err]==],
        ["bedrock.spawn"] = [==[
bedrock.spawn(f, ...)
Starts a function as a coroutine; it runs until it first waits. Its calls yield while they wait, so
that others can run.
  f: function
  ...: any, its arguments
  returns bedrock.Task task]==],
        ["bedrock.test"] = [==[
bedrock.test(settings, options?)
Connects and tests. There is a report even when the settings are bad: err.report.
  settings: bedrock.Settings
  options?: bedrock.TestOptions
  returns bedrock.TestReport? report
  returns bedrock.Error? err]==],
        ["chat:fork"] = [==[
chat:fork()
A second chat with the same options and history, which goes its own way: it shares no message with
the first.
  returns bedrock.Chat? fork
  returns bedrock.Error? err]==],
        ["chat:prepare"] = [==[
chat:prepare(given, fields?, as?)
The request that `say` or `stream` would send: signed, not sent. It prints without secrets.
  given: string|table, as for say
  fields?: table, as for say
  as?: "say"|"stream", "say" if not given
  returns bedrock.Prepared? request
  returns bedrock.Error? err]==],
        ["chat:print"] = [==[
chat:print(given, fields?)
Writes the answer to standard output as it comes. Not for nginx.
  given: string|table, as for stream
  fields?: table, as for stream
  returns bedrock.ChatAnswer? answer
  returns bedrock.Error? err]==],
        ["chat:results"] = [==[
chat:results(results, fields?)
Goes on with the results of calls that had no `run`, by their ids.
  results: table<string, any>, what `run` could have returned, an error, or Converse's {content,
      status}
  fields?: table, as for say
  returns bedrock.ChatAnswer? answer
  returns bedrock.Error? err]==],
        ["chat:resume"] = [==[
chat:resume(err, fields?)
Goes on from an error of `say` without running again what has run.
  err: bedrock.Error
  fields?: table, as for say
  returns bedrock.ChatAnswer? answer
  returns bedrock.Error? err]==],
        ["chat:save"] = [==[
chat:save(path)
Writes the chat into a file of the user's alone (0600): model, system, messages, calls that wait.
The file is whole or as it was before.
  path: string
  returns true? ok
  returns bedrock.Error? err]==],
        ["chat:say"] = [==[
chat:say(given, fields?)
Says something, and waits for the answer; tools run meanwhile. `messages` changes only when it
succeeds.
  given: string|table, text; a list of blocks; or {text=, images=, documents=, video=}
  fields?: table, options of the chat's for this turn, and of calls (timeouts)
  returns bedrock.ChatAnswer? answer
  returns bedrock.Error? err err.messages: what was said until then, for chat:resume]==],
        ["chat:stream"] = [==[
chat:stream(given, fields?)
The same, a piece of text at a time: `for piece in chat:stream(text) do`. An error inside is raised.
chat.answer has the answer then.
  given: string|table, as for say; {results = …} or an error, too
  fields?: table, as for say; on = {reasoning=f, tool_call=f, tool_result=f, event=f} sees the rest
  returns bedrock.ChatStream? stream
  returns bedrock.Error? err]==],
        ["chat:trim"] = [==[
chat:trim(limits)
Forgets the oldest turns, whole ones: never a tool's result without its call. The last turn always
stays.
  limits: table, keep=: so many turns; tokens=: about so many, by what AWS told, else 4 characters
      each
  returns integer? messages how many went
  returns bedrock.Error? err]==],
        ["chat:undo"] = [==[
chat:undo()
Forgets the last turn: what waits for results, else the last question with all that came of it.
  returns boolean? undone false: there is none
  returns bedrock.Error? err]==],
        ["conn:agent_session"] = [==[
conn:agent_session(given)
A session with an agent, a harness or a runtime.
  given: bedrock.AgentSessionOptions
  returns bedrock.AgentSession? session
  returns bedrock.Error? err]==],
        ["conn:api_key"] = [==[
conn:api_key(options?)
A short-term API key of Amazon Bedrock for this connection's region. It may do what the connection's
role may.
  options?: { duration?: integer }, seconds, 1 to 43200; 43200 if not given
  returns string? key
  returns integer|bedrock.Error expiration epoch seconds: when the key or the credentials end,
      whichever is sooner]==],
        ["conn:call"] = [==[
conn:call(service, name, params?, options?)
Any operation by name: conn:call("bedrock-runtime", "Converse", { … }).
  service: bedrock.ServiceName
  name: string, as AWS writes it, or in snake case
  params?: table
  options?: bedrock.CallOptions
  returns table? result
  returns bedrock.Error? err]==],
        ["conn:certificate"] = [==[
conn:certificate()
One line about the certificate in use; nil if there is none.
  returns string?]==],
        ["conn:chat"] = [==[
conn:chat(fields)
Begins a conversation.
  fields: bedrock.ChatOptions, see docs/chat.md
  returns bedrock.Chat? chat
  returns bedrock.Error? err all that is wrong with the options]==],
        ["conn:close"] = [==[
conn:close()
Cancels what runs on it. May be called again.
  returns true]==],
        ["conn:credentials"] = [==[
conn:credentials()
What the next call will be signed with, without secrets. If there are no credentials yet, they are
obtained first.
  returns bedrock.CredentialsInfo? info
  returns bedrock.Error? err]==],
        ["conn:export"] = [==[
conn:export()
The credentials themselves, for a program that has to sign by itself. Nothing else hands out
secrets.
  returns bedrock.ExportedCredentials? secrets
  returns bedrock.Error? err]==],
        ["conn:generate"] = [==[
conn:generate(given, options?)
One-shot text, images, videos, embeddings or ranks, the same for all model families.
  given: bedrock.GenerateParams
  options?: bedrock.WaitOptions
  returns bedrock.Generated? result
  returns bedrock.Error? err]==],
        ["conn:generate_stream"] = [==[
conn:generate_stream(given, options?)
Text as it is written: an iterator of its pieces, whose `answer` is the whole after the last one.
  given: bedrock.GenerateParams
  options?: bedrock.CallOptions
  returns bedrock.GenerateStream? stream
  returns bedrock.Error? err]==],
        ["conn:help"] = [==[
conn:help(topic?, err?)
The connection's own methods and its namespaces, or as bedrock.help. It is written where that
writes.
  topic?: any
  err?: bedrock.Error, what came in place of an object
  returns string? text
  returns bedrock.Error? err]==],
        ["conn:items"] = [==[
conn:items(name, params?, options?)
The items of all pages of a list.
  name: bedrock.PagedOperation
  params?: table, sent with every request
  options?: bedrock.CallOptions
  returns bedrock.Items]==],
        ["conn:knowledge"] = [==[
conn:knowledge(given)
A knowledge base: `retrieve`, `ask`, `stream`.
  given: bedrock.KnowledgeOptions
  returns bedrock.Knowledge? kb
  returns bedrock.Error? err]==],
        ["conn:models"] = [==[
conn:models(filter?, options?)
What can be called in this region. A list that cannot be read (the role may not, the service does
not know it, the answer makes no sense) is left out and noted in `list.denied` (kind to error). It
is an error if none can be read. `input` and `output` of what is made of foundation models are told
by the list of these: they are empty if that is denied (`denied.on_demand`), and where only profiles
are asked for, unless a filter needs them.
  filter?: bedrock.ModelFilter
  options?: bedrock.CallOptions
  returns bedrock.ModelList? list
  returns bedrock.Error? err]==],
        ["conn:pages"] = [==[
conn:pages(name, params?, options?)
The pages of a list, one answer after the other. An unknown name is raised.
  name: bedrock.PagedOperation
  params?: table, sent with every request
  options?: bedrock.CallOptions
  returns bedrock.Pages]==],
        ["conn:prepare"] = [==[
conn:prepare(name, params?, options?)
The signed request that an operation would send, without sending it.
  name: bedrock.OperationName
  params?: table
  options?: bedrock.CallOptions
  returns bedrock.Prepared? request
  returns bedrock.Error? err]==],
        ["conn:presign"] = [==[
conn:presign(request)
A URL that is good without credentials until it expires, at the latest with the credentials that
signed it.
  request: bedrock.PresignRequest
  returns string? url
  returns bedrock.Error? err]==],
        ["conn:refresh"] = [==[
conn:refresh(options?)
Gets new credentials, whatever memory and files contain, and replaces those. With `early` only where
they end within 15 minutes, as programs expect of what they are given; of all processes that do so
at once, one makes the exchange.
  options?: { early?: boolean }
  returns true? ok
  returns bedrock.Error? err]==],
        ["conn:request"] = [==[
conn:request(fields, options?)
A signed request to a path that no model describes.
  fields: bedrock.RawRequest
  options?: bedrock.CallOptions
  returns bedrock.RawAnswer|bedrock.ServerSentStream|bedrock.ByteStream|nil answer
  returns bedrock.Error? err]==],
        ["conn:resolve"] = [==[
conn:resolve(name, options?)
What to call a model by in this region: itself where it is offered on demand, else the account's
inference profile that keeps to the region's geography, else, only if asked, the global one. A part
of a name finds the newest model that it fits. An ARN is called as it is. The answer is kept for the
connection.
  name: string, an ID, an inference profile, an ARN, or words such as "claude sonnet 4.5"
  options?: bedrock.ResolveOptions
  returns string? id
  returns bedrock.Error? err with the nearest names]==],
        ["conn:sign"] = [==[
conn:sign(request)
Signature Version 4 for a request that another program sends, with this connection's credentials.
  request: bedrock.SignRequest
  returns table<string, string>? headers all to send: those given, and those added
  returns bedrock.Error? err]==],
        ["conn:test"] = [==[
conn:test(options?)
Settings, certificate, credentials and access to Bedrock, and to a model if one is named, step by
step. Makes one fresh exchange, whatever the caches hold.
  options?: bedrock.TestOptions
  returns bedrock.TestReport? report
  returns bedrock.Error? err with the report as err.report]==],
        ["conn:wait"] = [==[
conn:wait(name, params?, options?)
Repeats an operation until its answer says that the state was reached or cannot be reached.
  name: bedrock.WaiterName
  params?: table, of the operation
  options?: bedrock.WaitOptions
  returns table? result the last answer; empty if the state waited for is an error
  returns bedrock.Error? err WaiterFailure or TotalTimeout with the last answer in err.output, or a
      call's]==],
        ["session:ask"] = [==[
session:ask(input, given?)
Asks, and waits for the whole answer.
  input: string|table
  given?: bedrock.AskOptions
  returns bedrock.AgentAnswer? answer
  returns bedrock.Error? err]==],
        ["session:finish"] = [==[
session:finish(text?, given?)
Ends the session at the service.
  text?: string, an agent's last word to it
  given?: bedrock.CallOptions
  returns true? ok
  returns bedrock.Error? err]==],
        ["session:results"] = [==[
session:results(values)
Goes on from an answer with `calls`, which nobody here answered.
  values: table<string, any>, by the calls' IDs or names: what a tool could have returned, or an
      error
  returns bedrock.AgentAnswer? answer
  returns bedrock.Error? err]==],
        ["session:resume"] = [==[
session:resume(err?)
Goes on after an error of a request that had the results of tools, without running them again.
  err?: bedrock.Error, of that ask
  returns bedrock.AgentAnswer? answer
  returns bedrock.Error? err]==],
        ["session:stream"] = [==[
session:stream(input, given?)
The answer in pieces, for a generic `for`, where an error is raised; then it is in `session.answer`.
  input: string|table
  given?: bedrock.AskOptions
  returns bedrock.AgentStream stream
  returns bedrock.Error? err what is wrong with the options; a loop over the stream raises it]==],
        ["stream:close"] = [==[
stream:close()
Stops it without reading what is left. May be called again.
  returns true]==],
        ["stream:events"] = [==[
stream:events()
For a generic `for`. An error that breaks the stream is raised. Lua 5.4 closes the stream when the
loop is left; on LuaJIT call close.
  returns fun(): string, any]==],
        ["stream:gather"] = [==[
stream:gather()
Reads everything that is still to come, and puts it together.
  returns table? result
  returns bedrock.Error? err what had come is in err.partial]==],
        ["stream:next"] = [==[
stream:next()
Returns name and event, nil at the end, or nil and an error. Never raises.
  returns string? name
  returns any event]==],
        ["stream:print"] = [==[
stream:print()
Writes the text to standard output as it comes, and then does as gather. Not for nginx.
  returns table? result
  returns bedrock.Error? err what had come is in err.partial]==],
    },
    types = {
        ["bedrock"] = [==[
bedrock
  _NAME: string
  _VERSION: string
  null: lightuserdata, JSON's null; the same value as cjson.null and ngx.null]==],
        ["bedrock.AgentAnswer"] = [==[
bedrock.AgentAnswer
What `ask` returns, and what is in `session.answer` after a stream.
  text: string, what was said
  session_id?: string, with which the session goes on
  rounds: integer, requests that it took
  citations: table[], as AWS has them
  files: { name: string?, type: string?, bytes: string? }[], that the agent made
  trace: table[], an agent's trace parts, or a harness's hook events
  results: bedrock.AgentResult[], what tools gave, in the order of their calls
  collaborators: { agent_id: string?, name: string? }[], agents beside this one that were heard of
  return_control?: table[], of an agent: the events that handed its calls out, as AWS has them
  calls?: bedrock.AgentCall[], calls that nobody here answers: the session has no tools
  stop_reason?: string, why it ended
  usage?: bedrock.Usage, tokens
  reasoning?: string, of a harness
  message?: table, of a harness: the last one
  messages?: table[], of a harness: all of this ask
  metrics?: table, of a harness
  output?: any, of a runtime: its JSON, decoded
  body?: string, of a runtime: the bytes of an answer without events
  events?: bedrock.ServerSentEvent[], of a runtime; `json` is the data, decoded
  guardrail_action?: string, of a knowledge base
  others?: bedrock.OtherEvent[], events that this version does not know]==],
        ["bedrock.AgentCall"] = [==[
bedrock.AgentCall
A call of a function, as an agent asks for it.
  id: string, of this call
  name: string, what it is called in `tools`
  params: table, the values by their names; for a harness its input
  session: table, whose call it is
  round: integer, 1 for the first request
  context: any, the ask's own
  group?: string, an agent's action group
  agent_id?: string, of the collaborator that wants it
  collaborator?: string, its name
  confirmation?: "USER_CONFIRMATION"|"USER_CONFIRMATION_AND_RESULT", it is to be confirmed
  input: table, as it came]==],
        ["bedrock.AgentResult"] = [==[
bedrock.AgentResult
What became of a call of a function.
  call: bedrock.AgentCall
  value: any, what the tool returned
  failed?: string, why there is none
  state?: "REPROMPT"|"FAILURE", what the agent is to do about that
  confirmation?: "CONFIRM"|"DENY"]==],
        ["bedrock.AgentSession"] = [==[
bedrock.AgentSession
  session_id: string
  answer?: bedrock.AgentAnswer, the last one
  has session:ask, session:finish, session:results, session:resume, session:stream]==],
        ["bedrock.AgentSessionOptions"] = [==[
bedrock.AgentSessionOptions
Which agent, and how it is talked with: agent_id and alias_id, or harness_arn, or runtime_arn.
  agent_id?: string, with alias_id: an agent
  alias_id?: string
  harness_arn?: string, an AgentCore harness
  runtime_arn?: string, an AgentCore runtime
  session_id?: string, a new one (UUID) if not given
  memory_id?: string, of an agent
  state?: table, of an agent: AWS's SessionState
  trace?: boolean, of an agent
  tools?: table<string, function>, by "group.function", "group.METHOD /path", or a harness's names
  approve?: fun(call: bedrock.AgentCall): boolean, string?
  payload?: fun(text: any): string|table, of a runtime; {"prompt": text} if not given
  read?: fun(value: any, event: table?): string?, of a runtime: the text in an event's data or in an
      answer
  qualifier?: string, of a harness or a runtime: its endpoint
  params?: table, other members of the operation, sent with each request
  max_rounds?: integer, requests of one ask; 10 if not given
  tool_limit?: integer, tools at once; all if not given]==],
        ["bedrock.AgentStream"] = [==[
bedrock.AgentStream
The pieces of an answer as they come: for piece in stream do … end. An error is raised inside the
loop.
  answer?: bedrock.AgentAnswer, once it is whole
  print: fun(self: bedrock.AgentStream): bedrock.AgentAnswer?, bedrock.Error?, writes the pieces as
      they come]==],
        ["bedrock.ApiVersion"] = [==[
bedrock.ApiVersion
The facts of AWS that a build was made from.
  source: string, botocore, and its version
  hash: string, of the facts
  services: table<string, string>, their API versions]==],
        ["bedrock.AskOptions"] = [==[
bedrock.AskOptions
has all that a bedrock.CallOptions has
  on?: table<string, function>, event(name, event), tool_call(call), tool_result(result, call),
      reasoning(text), trace(event)
  tools?: table, for this ask
  approve?: fun(call: bedrock.AgentCall): boolean, string?, for this ask
  context?: any, handed to tools as call.context
  files?: table, of an agent: paths, or {path = | bytes = | s3 =, name =, media_type =, use =}
  state?: table, of an agent: AWS's SessionState, for this ask
  trace?: boolean, of an agent
  max_rounds?: integer, for this ask
  tool_limit?: integer, for this ask
  params?: table, other members of the operation]==],
        ["bedrock.Auth"] = [==[
bedrock.Auth: one of
  "roles_anywhere", a certificate and its key
  "access_keys"
  "api_key"
  "none", nothing is signed: an endpoint of one's own does
  "custom", a function: credentials
  "environment", AWS_ACCESS_KEY_ID and the others
  "web_identity", a token in a file, for STS
  "profile", of AWS's shared files
  "process", a program: credential_process
  "container", ECS, EKS Pod Identity
  "instance", EC2
  "chain", the first of these that is there, as AWS's SDKs look for them]==],
        ["bedrock.ByteStream"] = [==[
bedrock.ByteStream
An answer's bytes as they come.
has all that a bedrock.Stream has
  headers?: table<string, string>, of a raw request's answer
  events: fun(self: bedrock.ByteStream): fun(): "chunk", string
  next: fun(self: bedrock.ByteStream): "chunk"?, string | bedrock.Error | nil]==],
        ["bedrock.CallEvent"] = [==[
bedrock.CallEvent
What a function of `on` gets.
  operation: string, in snake case
  service?: string, its ID
  region: string, that was asked
  attempt?: integer, 1 for the first
  status?: integer, of the HTTP answer
  request_id?: string, what AWS's support asks for
  error?: bedrock.Error, nil if all is well
  ms: bedrock.Milliseconds, where the time went
  bytes?: integer, of the answer's body
  tokens?: bedrock.Tokens, where the answer tells
  reason?: string, of a retry
  delay_ms?: integer, of a retry
  source?: string, of credentials
  cache?: "exchange"|"memory"|"file"|"redis", of credentials]==],
        ["bedrock.CallOptions"] = [==[
bedrock.CallOptions
What can be set for one call.
  authorization?: string, sent instead of a signature
  headers?: table<string, string>, sent and signed besides
  connect_timeout?: integer, ms
  read_timeout?: integer, ms: the longest silence
  first_byte_timeout?: integer, ms: read_timeout until the first byte
  total_timeout?: integer, ms: the whole call, with retries
  max_attempts?: integer, the first included
  retry_timeouts?: boolean, try again after a read timeout, too
  stream?: boolean|"bytes", the answer as a stream, if the operation can: of events if it is
      text/event-stream, else of its bytes; "bytes": always of its bytes
  require_end?: boolean, server-sent events that end without the last one, or report an error, are
      an error
  validate?: boolean, parameters are checked
  strict?: boolean, and more of them, also in decoded JSON
  unknown?: "error"|"pass", members that this version does not know: an error, also in decoded JSON,
      or sent]==],
        ["bedrock.Certificate"] = [==[
bedrock.Certificate
has all that a bedrock.CertificateFacts has
  chain: bedrock.CertificateFacts[], the others given, the issuer first
  leads_to: string, the issuer at the end of the chain
  refused: string[], what is wrong with it for Roles Anywhere; empty: nothing that can be told
      without it]==],
        ["bedrock.CertificateFacts"] = [==[
bedrock.CertificateFacts
  subject: string, as RFC 2253 writes it
  issuer: string
  serial?: string, decimal
  key: string, "RSA-2048", "EC P-256", …
  signature: string
  not_before?: integer, epoch seconds
  not_after?: integer
  days_left?: integer, whole days; negative: it has ended
  usage: string[], keyUsage
  purposes: string[], extendedKeyUsage
  names?: string, subjectAltName
  authority: boolean, CA:TRUE
  belongs: boolean, the private key given belongs to it
  fingerprint: string, SHA-256, hexadecimal
  option: string, the setting that it came from]==],
        ["bedrock.Chat"] = [==[
bedrock.Chat
  messages: table[], what was said, as Converse has it; plain data, and never half a turn
  usage: bedrock.Usage, of all requests
  answer?: bedrock.ChatAnswer, the last one
  has chat:fork, chat:prepare, chat:print, chat:results, chat:resume, chat:save, chat:say,
      chat:stream, chat:trim, chat:undo]==],
        ["bedrock.ChatAnswer"] = [==[
bedrock.ChatAnswer
The answer of a turn.
  text: string, what was said
  message: table, as Converse has it
  stop_reason: string, why it ended
  usage: bedrock.Usage, of all rounds
  rounds: integer, requests of this turn
  reasoning?: string, what the model thought
  citations?: table[], as Converse has them
  object?: any, with `schema`: the decoded value
  calls?: bedrock.ToolCall[], of tools without `run`: chat:results goes on
  metrics?: table, of the last round
  trace?: table, of a guardrail or a prompt router
  healed?: string[], what was changed of the request, in sentences]==],
        ["bedrock.ChatOptions"] = [==[
bedrock.ChatOptions
What one `say` takes as well, but `messages`.
  model: string, ID, ARN, inference profile, or prompt ARN
  resolve?: boolean, `model` is looked up by conn:resolve first
  system?: string|table[], text or blocks
  messages?: table[]|string, what was said before: a list, or the path of a saved chat
  tools?: bedrock.Tool[], functions that the model may call
  tool_choice?: string, "any", "auto" or a tool's name, for the first request of a turn
  max_rounds?: integer, requests of one turn; 10 if not given
  tool_limit?: integer, tools that run at once; all if not given
  approve?: fun(call: bedrock.ToolCall): boolean, string?, asked before a tool runs: whether, and
      why not
  context?: any, handed to tools as call.context
  schema?: table, JSON Schema or the short form: the answer is an object
  partial?: fun(value: any), sees that object grow, while streaming
  max_tokens?: integer, of an answer
  temperature?: number, 0: the likeliest words
  top_p?: number, only words of so much probability together
  top_k?: integer, only the k likeliest words
  stop?: string|string[], texts that end the answer
  reasoning?: boolean|integer|"low"|"medium"|"high", the model thinks first: so much, or so many
      tokens
  cache?: boolean|"5m"|"1h", cache points after system, tools and the last message
  citations?: boolean, documents can be cited
  guardrail?: table, {id, version, trace}
  context_limit?: integer, tokens: before a request of more the oldest turns are forgotten
  heal?: boolean, what the service refuses by name is left out; answer.healed tells
  on?: table<string, function>, reasoning, tool_call, tool_result, event
  on_step?: fun(answer: bedrock.ChatAnswer, round: integer), sees each answer of the model, also
      those with calls
  stop_when?: fun(answer: bedrock.ChatAnswer, round: integer): boolean, ends the turn after its
      tools
  variables?: table, of a prompt from prompt management
  service_tier?: string
  performance?: string
  request_metadata?: table<string, string>
  extra?: table, fields of the model's own (additionalModelRequestFields)]==],
        ["bedrock.ChatStream"] = [==[
bedrock.ChatStream
  answer?: bedrock.ChatAnswer, at the end
  gather: fun(self: bedrock.ChatStream): bedrock.ChatAnswer?, bedrock.Error?, reads what is still to
      come
  print: fun(self: bedrock.ChatStream): bedrock.ChatAnswer?, bedrock.Error?, writes the pieces as
      they come]==],
        ["bedrock.Connection"] = [==[
bedrock.Connection
  region: string, the effective region
  auth: bedrock.Auth
  has conn:agent_session, conn:api_key, conn:call, conn:certificate, conn:chat, conn:close,
      conn:credentials, conn:export, conn:generate, conn:generate_stream, conn:help, conn:items,
      conn:knowledge, conn:models, conn:pages, conn:prepare, conn:presign, conn:refresh,
      conn:request, conn:resolve, conn:sign, conn:test, conn:wait]==],
        ["bedrock.Container"] = [==[
bedrock.Container
Where ECS or EKS hand out credentials. What is left out is taken from the environment.
  uri?: string, else AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI
  authorization_token?: string, else AWS_CONTAINER_AUTHORIZATION_TOKEN
  authorization_token_file?: string, else AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE]==],
        ["bedrock.CredentialsInfo"] = [==[
bedrock.CredentialsInfo
What calls are signed with: where it is from and how long it lasts, never a secret.
  source: string, the outermost layer: an `auth`, "assume_role" or "sso"
  via: string[], all layers that they come through, from the outermost in
  cache?: "exchange"|"memory"|"file"|"redis", where they were found
  access_key_id?: string, no secret
  expiration?: integer, epoch seconds; nil: they do not expire
  seconds_left?: integer, until they end]==],
        ["bedrock.DescribedPaginator"] = [==[
bedrock.DescribedPaginator
How the pages of a list follow each other; paths are dotted.
  input: string, the member that takes the token
  output: string, where the next token is
  limit?: string, the member that takes the size of a page
  result: string, where the items are
  more?: string]==],
        ["bedrock.DescribedShape"] = [==[
bedrock.DescribedShape
One member of a description; lists have `element`, maps `key` and `value`.
  name?: string
  type: "structure" | "union" | "list" | "map" | "string" | "blob" | "boolean" | "integer" | "long"
      | "float" | "double" | "timestamp" | "document"
  required?: true
  token?: true, filled in when absent
  payload?: true, it is the whole body
  deprecated?: true
  sensitive?: true
  sparse?: true, its elements may be null
  stream?: true, its members are events
  error?: true
  more?: true, it has members below the depth asked for
  location?: "uri"|"query"|"header"|"status"
  min?: number
  max?: number
  enum?: string[]
  pattern?: string
  members?: bedrock.DescribedShape[]
  element?: bedrock.DescribedShape
  key?: bedrock.DescribedShape
  value?: bedrock.DescribedShape]==],
        ["bedrock.Description"] = [==[
bedrock.Description
Prints like documentation.
  name: string, "tag_resource"
  full_name: string, "agent.tag_resource": what finds it without a service
  operation: string
  service: string
  namespace: string
  method: string
  uri: string
  stream?: string, the member that streams
  readonly?: true
  idempotent?: true
  two_way?: true, it takes a stream of events, too
  paginator?: bedrock.DescribedPaginator
  waiters: string[]
  input?: bedrock.DescribedShape
  output?: bedrock.DescribedShape
  errors: string[]]==],
        ["bedrock.DumpOptions"] = [==[
bedrock.DumpOptions
How much of a value is shown.
  depth?: integer, levels of tables that are shown
  width?: integer, of lines; 100 if not given. Longer texts stay whole]==],
        ["bedrock.Error"] = [==[
bedrock.Error
What every failing function returns after nil. `tostring(err)` reads well and shows no secret; so
does `..`.
  kind: bedrock.ErrorKind, what part failed
  code: bedrock.ErrorCode, the service's name for it, or ours
  message: string, what is wrong, where, and what to do
  operation?: string, that failed
  status?: integer, of the HTTP answer, if there was one
  request_id?: string, what AWS's support asks for
  headers?: table<string, string>, of the answer, as in bedrock.Metadata, but without set-cookie;
      not of one that refused credentials
  retry_after?: number, seconds that the service asked to wait
  retryable: boolean, the same call may succeed later
  attempts?: integer, requests of the operation itself; 0: no credentials could be obtained for it
  errors?: bedrock.Problem[], all that is wrong with settings or parameters, by path
  fields?: table, members of a service error
  output?: table, the last answer that wait got
  partial?: any, from gather: what a stream had brought when it broke; from generate: what came
      before
  input?: integer, from generate of a list: the first input that has no answer
  report?: bedrock.TestReport, from test: all steps; printed with the error]==],
        ["bedrock.ErrorCode"] = [==[
bedrock.ErrorCode: bedrock.OwnErrorCode|bedrock.ServiceErrorCode]==],
        ["bedrock.ErrorKind"] = [==[
bedrock.ErrorKind: "config" | "validation" | "credentials" | "transport" | "timeout" | "service" |
    "stream" | "cancelled"]==],
        ["bedrock.ExportedCredentials"] = [==[
bedrock.ExportedCredentials
Keys for a program that signs by itself. They are secrets.
  access_key_id: string
  secret_access_key: string, a secret
  session_token?: string, a secret
  expiration?: integer, epoch seconds; nil: they do not expire]==],
        ["bedrock.Family"] = [==[
bedrock.Family
A family of models, and what it takes.
  name: string, what `family = …` calls it
  models: string[], what the IDs of its models begin with; none: any model
  output: "text"|"images"|"video"|"embeddings"|"results"
  takes: string[], parameters, besides model, family, inference and heal
  required: string[], those of them that must be given
  streams: boolean, generate_stream can be used
  source: string, the public page that documents it]==],
        ["bedrock.GatheredAgent"] = [==[
bedrock.GatheredAgent
What `gather` makes of invoke_agent and invoke_inline_agent.
  text: string
  citations: table[]
  trace: table[]
  files: table[]
  returnControl?: table, the first; inputs of further ones for the same invocation are in it, too
  others?: bedrock.OtherEvent[]
  sessionId?: string]==],
        ["bedrock.GatheredEvents"] = [==[
bedrock.GatheredEvents
What `gather` makes of a stream that has no form of its own.
  parts: { name: string, event: any }[]]==],
        ["bedrock.GatheredFlow"] = [==[
bedrock.GatheredFlow
What `gather` makes of invoke_flow.
  text: string
  outputs: table[]
  trace: table[]
  completionReason?: string
  inputRequest?: table
  others?: bedrock.OtherEvent[]
  executionId?: string]==],
        ["bedrock.GatheredMessage"] = [==[
bedrock.GatheredMessage
What `gather` makes of converse_stream and invoke_harness: the same as converse returns.
  output: { message: { role: string, content: table[] } }, the last message
  messages?: { role: string, content: table[] }[], all, if there are several
  others?: bedrock.OtherEvent[]
  stopReason?: string
  usage?: table
  metrics?: table]==],
        ["bedrock.GatheredModel"] = [==[
bedrock.GatheredModel
What `gather` makes of the chunks of invoke_model_with_response_stream.
  text: string
  parts: any[], each chunk's JSON, or its bytes
  complete?: boolean, true: the model's last chunk came; nil: the chunks' form is not known
  contentType?: string]==],
        ["bedrock.GatheredPrompt"] = [==[
bedrock.GatheredPrompt
What `gather` makes of optimize_prompt.
  text?: string
  analysis?: string
  optimizedPrompt?: table]==],
        ["bedrock.GatheredRetrieval"] = [==[
bedrock.GatheredRetrieval
What `gather` makes of retrieve_and_generate_stream.
  text: string
  results: table[]
  trace: table[]
  generatedResponse?: any
  nextToken?: string]==],
        ["bedrock.GatheredServerSent"] = [==[
bedrock.GatheredServerSent
What `gather` makes of server-sent events.
  complete: boolean, whether [DONE], message_stop or response.completed came
  status?: integer, of a raw request's answer
  headers?: table<string, string>, likewise
  events: bedrock.ServerSentEvent[]]==],
        ["bedrock.GenerateParams"] = [==[
bedrock.GenerateParams
What to make, by the same names for all families of models. `bedrock.families()` says which takes
what.
  model: string, model ID, ARN or inference profile
  prompt?: string, text, image and video families
  system?: string, instructions before the prompt
  max_tokens?: integer, of the text
  temperature?: number, 0: the likeliest words
  top_p?: number, only words of so much probability together
  top_k?: integer, only the k likeliest words
  stop?: string|string[], texts that end the text
  reasoning?: boolean|integer|"low"|"medium"|"high", the model thinks first: so much, or so many
      tokens
  images?: bedrock.MediaInput|bedrock.MediaInput[], of models that look at images, change them, or
      embed them
  video?: bedrock.MediaInput, of models that look at videos
  negative_prompt?: string, image families
  width?: integer, of images, pixels
  height?: integer, of images, pixels
  aspect_ratio?: string, "16:9"
  resolution?: string, of a video: "540p"
  duration?: integer, of a video, seconds
  count?: integer, of images
  seed?: integer, the same seed makes the same image
  task?: "variation"|"inpainting"|"background_removal", what is done with `images`
  mask?: bedrock.MediaInput, an image: inpainting changes what is black
  mask_prompt?: string, what inpainting changes, in words
  output?: string, "s3://…" where models put what takes them minutes
  input?: string|string[], embedding families
  input_type?: "search_document" | "search_query" | "classification" | "clustering", what an
      embedding is for
  dimensions?: integer, of embeddings
  query?: string, rerank families
  documents?: string[], likewise
  top_n?: integer, likewise: only so many results, the best
  schema?: table, of text families: the answer is a value of this JSON Schema, or of its short form
  heal?: boolean, what the service says the model does not take is left out, and the call repeated
  family?: string, instead of the one that the model's name says; "converse": by Converse
  inference?: string, "cross-region": the account's profile in the region's own geography; or a
      prefix: us, us-gov, eu, apac, jp, au, ca, global]==],
        ["bedrock.GenerateStream"] = [==[
bedrock.GenerateStream
Pieces of text as they come, for a `for`; an error inside is raised. Lua 5.4 closes it when the loop
is left; on LuaJIT call close.
  answer?: bedrock.Generated, at the end, what generate would have given; `raw` is a list of chunks
  next: fun(self: bedrock.GenerateStream): string?, bedrock.Error?, a piece; never raises
  gather: fun(self: bedrock.GenerateStream): bedrock.Generated?, bedrock.Error?, reads what is still
      to come
  print: fun(self: bedrock.GenerateStream): bedrock.Generated?, bedrock.Error?, writes the pieces as
      they come
  close: fun(self: bedrock.GenerateStream): true]==],
        ["bedrock.Generated"] = [==[
bedrock.Generated
One of its fields says what the model made. `tostring` gives the text, or a line about what else it
is.
  text?: string, of text models
  reasoning?: string, what the model thought, where it tells
  object?: any, with `schema`: the value
  images?: string[], bytes of image files
  embeddings?: number[][], a list of numbers for each input
  results?: bedrock.Ranked[], the best first
  uri?: string, where in S3 the result is
  stop_reason?: string, why it ended
  usage: bedrock.TokenUsage, tokens
  healed?: string[], what was left out or changed, a sentence each
  raw: table, the model's own answer; for a list of inputs, a list of them; of a stream its chunks]==],
        ["bedrock.GivenCredentials"] = [==[
bedrock.GivenCredentials
What a function of credentials gives.
  access_key_id: string
  secret_access_key: string
  session_token?: string, of temporary keys
  expiration?: bedrock.Timestamp, nil: for good]==],
        ["bedrock.Hooks"] = [==[
bedrock.Hooks
Functions that are told of each call. What they raise is told on standard error, and stops nothing.
  attempt?: fun(event: bedrock.CallEvent), a request goes out
  response?: fun(event: bedrock.CallEvent), what came of it
  retry?: fun(event: bedrock.CallEvent), it will be sent again
  credentials?: fun(event: bedrock.CallEvent)
  stream_end?: fun(event: bedrock.CallEvent)]==],
        ["bedrock.Instance"] = [==[
bedrock.Instance
Where the metadata service of EC2 is asked.
  endpoint?: string, else AWS_EC2_METADATA_SERVICE_ENDPOINT, or that of EC2]==],
        ["bedrock.Items"] = [==[
bedrock.Items
For a generic `for`, where an error is raised. `next` returns the error.
  next: fun(self: bedrock.Items): any, bedrock.Error?]==],
        ["bedrock.Knowledge"] = [==[
bedrock.Knowledge
has all that a bedrock.AgentSession has
  id: string
  retrieve: fun(self: bedrock.Knowledge, query: any, given: table?): bedrock.Passages?,
      bedrock.Error?]==],
        ["bedrock.KnowledgeOptions"] = [==[
bedrock.KnowledgeOptions
Which knowledge base, and which model answers.
  id: string, of the knowledge base
  model?: string, that answers: its ID, ARN or inference profile
  resolve?: boolean, the model's name may be a part of it: conn:resolve finds it
  session_id?: string, of an earlier one; the service makes it
  results?: integer, how many passages
  filter?: table, AWS's RetrievalFilter
  search?: "hybrid"|"semantic", how it is searched
  max_tokens?: integer, of the answer
  temperature?: number, of the answer
  top_p?: number, of the answer
  stop?: string|string[], texts that end the answer
  template?: string, the prompt's template, with $search_results$
  guardrail?: { id: string, version: string }, that watches the answer
  user_id?: string, whose documents may be read
  params?: table, other members of RetrieveAndGenerate]==],
        ["bedrock.LogLevel"] = [==[
bedrock.LogLevel: one of
  "info", what happens to calls, without contents
  "debug", and more of how
  "wire", and heads and bodies, without secrets]==],
        ["bedrock.MediaInput"] = [==[
bedrock.MediaInput: string | {path?: string, bytes?: string, s3?: string, owner?: string, format?:
    string}]==],
        ["bedrock.Metadata"] = [==[
bedrock.Metadata
What is known of an answer beside its content.
  status: integer, of the HTTP answer
  attempts: integer, requests sent
  request_id?: string, what AWS's support asks for
  headers: table<string, string>, lower-case names; repeated fields joined with ", "
  timing: bedrock.Timing, where the time went
  token?: table<string, string>, the idempotency token or session ID that was generated, by member]==],
        ["bedrock.Milliseconds"] = [==[
bedrock.Milliseconds
  queue: number, until the engine took the call up
  credentials: number, waited for them
  dns: number, of the last attempt, like the next four; 0 on a kept connection
  connect: number, TCP
  tls: number, the handshake
  first_byte?: number, from the beginning of the attempt
  attempt?: number, the attempt itself
  total: number, since the call was made]==],
        ["bedrock.Model"] = [==[
bedrock.Model
A model that can be called here.
  id: string, what operations take as modelId
  arn: string, its ARN
  name: string, as AWS shows it
  provider?: string, who made it
  kind: bedrock.ModelKind, how it is called
  profile_type?: "system"|"application", of inference profiles
  input: string[], modalities: TEXT, IMAGE, …
  output: string[], modalities
  streaming: boolean, does it stream?]==],
        ["bedrock.ModelFilter"] = [==[
bedrock.ModelFilter
Which models to list; all that is given must fit.
  provider?: string, "Amazon", "Anthropic", …; upper and lower case are the same
  kind?: bedrock.ModelKind, how it is called
  name?: string, a part of the name
  input?: string, a modality
  output?: string, a modality; also called modality
  modality?: string, the same as output
  streaming?: boolean, only those that stream, or do not]==],
        ["bedrock.ModelKind"] = [==[
bedrock.ModelKind: "on_demand" | "inference_profile" | "custom" | "imported" | "provisioned" |
    "prompt_router" | "marketplace"]==],
        ["bedrock.ModelList"] = [==[
bedrock.ModelList
  [integer]: bedrock.Model
  denied?: table<bedrock.ModelKind, bedrock.Error>, kinds that lack a list, or one of their lists]==],
        ["bedrock.Number"] = [==[
bedrock.Number
A number as its JSON text. It is printed and sent as written, and compares with others of its kind
by value. Decoded JSON has them where Lua cannot hold what was written.
has all that a userdata has]==],
        ["bedrock.OtherEvent"] = [==[
bedrock.OtherEvent
An event or delta that has no place in what is gathered, or whose place is taken.
  name: string, of the event
  event: any, what it holds]==],
        ["bedrock.OwnErrorCode"] = [==[
bedrock.OwnErrorCode: one of
  "ConfigError", settings or options that are wrong
  "NotSupported"
  "ValidationError", parameters; all that is wrong is in `errors`
  "ConnectTimeout"
  "ReadTimeout"
  "FirstByteTimeout"
  "TotalTimeout"
  "ConnectFailed"
  "DnsFailed", a name that is not known
  "TlsFailed", a certificate that is not trusted, or no TLS
  "ProxyFailed"
  "SendFailed", the connection broke before all was sent
  "ConnectionLost", … and after
  "BodyFailed", a body of your own that did not come to its end
  "NoMemory"
  "NoEngine", the system refused a thread or a descriptor
  "NoBridge", … or a socket to the engine's thread, in nginx
  "OutputFailed", standard output, to which print writes
  "BadResponse", an answer that cannot be read
  "Truncated", a stream that ended too early
  "PartlyRead", gather on a stream of which events were taken
  "WaiterFailure", the state waited for cannot be reached any more
  "Cancelled"
  "Closed"
  "NoCredentials", nothing was found where auth says to look
  "SigningFailed", the certificate's key, or what sign gave
  "CertificateExpired"
  "FunctionFailed", a function of yours gave nothing that can be used
  "FunctionRaised", a function of yours raised an error
  "TokenFile", a token's file that cannot be read
  "CredentialsExpired", what a source gives is too old
  "ProcessFailed", credential_process did not start, or ended in failure
  "ProcessTimeout", … did not end in time
  "LoginRequired", `aws sso login` is due
  "Forked", begun before a fork
  "TooManyRounds", of tools, in a chat or a session
  "Unfit", an object that does not fit its schema
  "Incomplete", an answer that was cut
  "PendingCalls", calls of tools wait for their results
  "Stale", a chat went on meanwhile
  "Busy", another turn runs
  "UnknownInvocation", an agent wants what this version does not know
  "ModelError", a model's own error in a stream]==],
        ["bedrock.Pages"] = [==[
bedrock.Pages
For a generic `for`, where an error is raised. `next` returns the error.
  next: fun(self: bedrock.Pages): table?, bedrock.Error?]==],
        ["bedrock.ParallelOptions"] = [==[
bedrock.ParallelOptions
How many at once, and what the first failure does.
  limit?: integer, how many run at once; all if not given
  stop_on_error?: boolean, the first that fails cancels the others, and no more are started]==],
        ["bedrock.Passage"] = [==[
bedrock.Passage
As AWS has it (content, location, score, metadata, documentId), with its text and document_id.
  text?: string, what it says
  score?: number, the higher, the better it fits
  location?: table, prints as the address
  metadata?: table, of the document
  content?: table, as AWS has it
  document_id?: string, of the document]==],
        ["bedrock.Passages"] = [==[
bedrock.Passages
The passages that a knowledge base found, in order of their scores.
  next_token?: string, there is more
  guardrail_action?: string
  [integer]: bedrock.Passage]==],
        ["bedrock.Prepared"] = [==[
bedrock.Prepared
A signed request, not sent.
  method: string, GET, POST, …
  url: string, with its query
  headers: table<string, string>, all that is sent but content-length and user-agent
  body?: string, as it would be sent]==],
        ["bedrock.PresignParams"] = [==[
bedrock.PresignParams
A request to be signed into its URL, with keys of your own.
  url: string, path and query percent-encoded
  method?: string, GET if not given
  headers?: table<string, string>, whoever uses the URL must send them
  expires?: integer, seconds, 1 to 604800; 3600 if not given
  region: string, whose service it is for
  service?: string, "bedrock" if not given
  access_key_id: string
  secret_access_key: string
  session_token?: string, of temporary keys
  time?: number, epoch seconds; now if not given]==],
        ["bedrock.PresignRequest"] = [==[
bedrock.PresignRequest
A request to be signed into its URL, with the credentials of a connection.
  url: string, path and query percent-encoded
  method?: string, GET if not given
  headers?: table<string, string>, whoever uses the URL must send them
  expires?: integer, seconds, 1 to 604800; 3600 if not given
  service?: string, "bedrock" if not given
  region?: string, the connection's if not given]==],
        ["bedrock.Problem"] = [==[
bedrock.Problem
One thing that is wrong with settings or parameters.
  path: string, "messages[1].content", or a setting's name
  kind: bedrock.ProblemKind, of what sort
  message: string, what is wrong, and what to do]==],
        ["bedrock.ProblemKind"] = [==[
bedrock.ProblemKind: "missing" | "unknown" | "type" | "conflict" | "file" | "certificate" | string]==],
        ["bedrock.Ranked"] = [==[
bedrock.Ranked
  index: integer, of the document, from 1
  score: number, the higher, the better it fits
  document: string, as you gave it]==],
        ["bedrock.RawAnswer"] = [==[
bedrock.RawAnswer
The answer of a raw request.
  status: integer, of the HTTP answer
  headers: table<string, string>, names in lower case
  body: string, its bytes]==],
        ["bedrock.RawJson"] = [==[
bedrock.RawJson
JSON that is sent byte for byte, where any JSON may stand.
has all that a userdata has]==],
        ["bedrock.RawRequest"] = [==[
bedrock.RawRequest
A request that AWS's model does not describe.
  path: string, percent-encoded
  service?: bedrock.ServiceName, "bedrock-runtime" if not given
  method?: string, POST with a body, GET without
  query?: table<string, any>|string, names to values or lists; a string is sent as it is
  headers?: table<string, string>
  body?: table|string, a table is sent as JSON
  stream?: boolean|"bytes", the answer as a stream: of events if it is text/event-stream, else of
      its bytes; "bytes": always of its bytes
  require_end?: boolean, server-sent events that end without their last one ([DONE], message_stop,
      response.completed) are an error, and so is an event that reports one]==],
        ["bedrock.ResolveOptions"] = [==[
bedrock.ResolveOptions
has all that a bedrock.CallOptions has
  global?: boolean, requests may go to any region, if the geography has no profile
  refresh?: boolean, ask the service again]==],
        ["bedrock.Role"] = [==[
bedrock.Role
A role that STS is asked for, with the credentials of what lies below.
  role_arn: string, the role
  session_name?: string, "lua-bedrock-" and a random part if not given
  duration?: integer, seconds, 900 to 43200; on a role's credentials 3600 at most
  external_id?: string, what its trust policy asks for
  policy?: string|table, JSON, or what becomes it
  policy_arns?: string[], managed policies that narrow it
  tags?: table<string, string>, of the session
  transitive_tag_keys?: string[], tags that go on to further roles
  source_identity?: string, as CloudTrail shows it]==],
        ["bedrock.ServerSentEvent"] = [==[
bedrock.ServerSentEvent
id and retry are the last values that the service set, in this event or an earlier one.
  event: string, "message" if it has no name
  data: string, as it was sent, JSON too
  id?: string
  retry?: integer, ms]==],
        ["bedrock.ServerSentStream"] = [==[
bedrock.ServerSentStream
The events of an answer that is text/event-stream.
has all that a bedrock.Stream has
  complete?: boolean, whether [DONE], message_stop or response.completed came; set at the end
  status?: integer, of a raw request's answer
  headers?: table<string, string>, likewise
  events: fun(self: bedrock.ServerSentStream): fun(): string, bedrock.ServerSentEvent
  next: fun(self: bedrock.ServerSentStream): string?, bedrock.ServerSentEvent | bedrock.Error | nil
  gather: fun(self: bedrock.ServerSentStream): bedrock.GatheredServerSent?, bedrock.Error?]==],
        ["bedrock.Settings"] = [==[
bedrock.Settings
The options of a connection: docs/settings.md has them with defaults and limits.
  auth?: bedrock.Auth, "roles_anywhere" if not given
  profile_arn?: string, the Roles Anywhere profile; needed for roles_anywhere
  role_arn?: string, the role to assume; needed for roles_anywhere
  trust_anchor_arn?: string, the trust anchor that the certificate leads to; needed for
      roles_anywhere
  certificate?: string, file path, or PEM or DER text
  private_key?: string, file path, or PEM or DER text, or a URI for OpenSSL's store ("pkcs11:…",
      "handle:…", "file:…")
  openssl_providers?: string|string[], loaded for private_key alone, such as { "tpm2", "default" }
  certificate_chain?: string, intermediates: file path, or PEM
  private_key_password?: string, of an encrypted key or PKCS#12
  pkcs12?: string, file path, or the bytes
  session_name?: string, 2 to 64 characters; needed for roles_anywhere
  duration?: integer, seconds, 900 to 3600
  roles_anywhere_region?: string, "auto": Bedrock's region
  roles_anywhere_custom_region?: string, for regions not listed
  access_key_id?: string, for auth = "access_keys"
  secret_access_key?: string, for auth = "access_keys"
  session_token?: string, of temporary keys
  api_key?: string|fun(): string?, number|string|bedrock.Error|nil, a function gives the key and its
      expiration (epoch seconds or ISO 8601), or nil and an error
  credentials?: fun(): bedrock.GivenCredentials?, any, for auth = "custom"; called before a call
      that needs them
  sign?: fun(data: string, algorithm: "RSA-SHA256" | "ECDSA-SHA256"): string?, any, in place of
      private_key: signs with the certificate's key (PKCS#1 v1.5, or DER), or returns nil and an
      error
  web_identity?: bedrock.WebIdentity, for auth = "web_identity"; else its variables
  container?: bedrock.Container, for auth = "container"; else its variables
  instance?: bedrock.Instance, for auth = "instance"
  profile?: string, for auth = "profile" or "chain"; AWS_PROFILE or "default" if not given
  config_file?: string, "~/.aws/config" if not given
  credentials_file?: string, "~/.aws/credentials" if not given
  credential_process?: string, the program's line, for auth = "process"; no shell reads it
  assume_role?: bedrock.Role|bedrock.Role[], assumed on top, one after another
  region?: string, "us-east-1" if not given
  custom_region?: string, for regions not listed; overrides region
  endpoint?: string|table<bedrock.ServiceName, string>, one URL, or one for each service
  allow_http?: boolean, plain http to hosts other than loopback
  use_fips?: boolean, FIPS endpoints
  use_dualstack?: boolean, endpoints with IPv4 and IPv6
  ca_file?: string, PEM file of the only authorities to trust for TLS
  client_certificate?: string, file path or PEM, for TLS with your own endpoint
  client_key?: string, file path or PEM; in client_certificate if not given
  client_key_password?: string, of an encrypted client_key
  proxy?: string|false, URL; false: none; nil: the environment's
  connect_timeout?: integer, ms; -1: none
  read_timeout?: integer, ms of silence; -1: none
  first_byte_timeout?: integer, ms; -1: as read_timeout
  total_timeout?: integer, ms for the whole call; -1: none
  max_attempts?: integer, 1 to 100; 3 if not given
  retry_timeouts?: boolean, try again after a read timeout, too; a generation may then be paid for
      twice
  headers?: table<string, string>, sent with every call
  cache?: "shared"|"memory"|string|false, a string: the URL of a Redis server
  cache_dir?: string, directory of the cache files
  validate?: boolean, true if not given: parameters are checked before anything is sent
  strict?: boolean, unknown enum values, patterns and ARNs of other regions are errors, too
  unknown?: "error"|"pass", members that this version does not know: an error, or sent
  on?: bedrock.Hooks, functions that are told of each call]==],
        ["bedrock.SignParams"] = [==[
bedrock.SignParams
A request to be signed with keys of your own, without a connection.
  url: string, path and query percent-encoded
  method?: string, POST if not given
  headers?: table<string, string>, to be signed besides
  body?: string, its bytes
  region: string, whose service it is for
  service?: string, "bedrock" if not given
  access_key_id: string
  secret_access_key: string
  session_token?: string, of temporary keys
  time?: number, epoch seconds; now if not given]==],
        ["bedrock.SignRequest"] = [==[
bedrock.SignRequest
A request to be signed with the credentials of a connection.
  url: string, path and query percent-encoded
  method?: string, POST if not given
  headers?: table<string, string>, to be signed besides
  body?: string, its bytes
  service?: string, "bedrock" if not given
  region?: string, the connection's if not given]==],
        ["bedrock.Stream"] = [==[
bedrock.Stream
A stream of events. What breaks it is raised inside `for name, event in stream:events()`.
  complete?: boolean, of a model's own chunks and of server-sent events: did the last one come? Set
      at the end; nil where nobody can know
  has stream:close, stream:events, stream:gather, stream:next, stream:print]==],
        ["bedrock.StreamOptions"] = [==[
bedrock.StreamOptions
has all that a bedrock.CallOptions has
  stream: true|"bytes"]==],
        ["bedrock.Task"] = [==[
bedrock.Task
A function that runs as a coroutine.
  join: fun(self: bedrock.Task): any, any, waits for its end: what it returned, or nil and its error
  cancel: fun(self: bedrock.Task): true, raises an error of kind "cancelled" where it waits
  status: fun(self: bedrock.Task): "running"|"done"|"cancelled"]==],
        ["bedrock.TestOptions"] = [==[
bedrock.TestOptions
What to test besides.
  model?: string, an ID, ARN or inference profile to ask as well, for one token at most]==],
        ["bedrock.TestReport"] = [==[
bedrock.TestReport
Prints well.
  ok: boolean, did all work?
  steps: bedrock.TestStep[], none after one that failed]==],
        ["bedrock.TestStep"] = [==[
bedrock.TestStep
One step of a test.
  name: "settings"|"certificate"|"credentials"|"bedrock"|"model", what was tested
  ok: boolean, did it work?
  ms: number, how long it took
  detail: string, what was found, or the error
  hint?: string, what to do]==],
        ["bedrock.Timestamp"] = [==[
bedrock.Timestamp: number|string epoch seconds, or ISO 8601]==],
        ["bedrock.Timing"] = [==[
bedrock.Timing
How long the parts of a call took.
  ms: bedrock.Milliseconds, its fields may also be read from here: timing.total
  bytes: integer, of the answer's body; of a stream that has not ended, until its head came, as `ms`
  tokens?: bedrock.Tokens, where the answer tells]==],
        ["bedrock.TokenUsage"] = [==[
bedrock.TokenUsage
Tokens of a call, as its service counts them.
  input_tokens?: integer, of what was sent
  output_tokens?: integer, of what was made
  total_tokens?: integer, both
  cache_read_tokens?: integer, taken from the prompt cache
  cache_write_tokens?: integer, put into the prompt cache]==],
        ["bedrock.Tokens"] = [==[
bedrock.Tokens
  input_tokens?: integer, of what was sent
  output_tokens?: integer, of what was made
  total_tokens?: integer, both
  cache_read_tokens?: integer, taken from the prompt cache
  cache_write_tokens?: integer, put into the prompt cache]==],
        ["bedrock.Tool"] = [==[
bedrock.Tool
A function of yours that the model may call.
  name: string, 1 to 64 of letters, digits, _ and -
  description?: string, what it does and when to use it: the model reads it
  input?: table, JSON Schema, or the short form
  run?: fun(input: table, call: bedrock.ToolCall): any, any, without: the turn ends, answer.calls
      has it
  approve?: fun(call: bedrock.ToolCall): boolean, string?, asked before it runs]==],
        ["bedrock.ToolCall"] = [==[
bedrock.ToolCall
What a tool is told of the call beside its input.
  id: string, of this call
  name: string, of the tool
  input: table, what the model gave
  chat: bedrock.Chat, whose tool it is
  round: integer, 1 for the first answer of the turn
  context: any, what the chat's option `context` has]==],
        ["bedrock.Usage"] = [==[
bedrock.Usage
Tokens of an answer, summed over the requests of a turn.
  input_tokens: integer, of what was sent
  output_tokens: integer, of what was made
  total_tokens: integer, both
  cache_read_tokens: integer, taken from the prompt cache
  cache_write_tokens: integer, put into the prompt cache]==],
        ["bedrock.WaitOptions"] = [==[
bedrock.WaitOptions
has all that a bedrock.CallOptions has
  max_wait?: number, seconds for the whole]==],
        ["bedrock.WebIdentity"] = [==[
bedrock.WebIdentity
A token in a file, exchanged at STS for a role. What is left out is taken from the environment.
  token_file?: string, read anew for each exchange; else AWS_WEB_IDENTITY_TOKEN_FILE
  role_arn?: string, else AWS_ROLE_ARN
  session_name?: string, else AWS_ROLE_SESSION_NAME]==],
        ["bedrock.runtime.PayloadPart"] = [==[
bedrock.runtime.PayloadPart
A chunk's bytes are the model's own JSON; this is that JSON, decoded.
  json?: any]==],
    },
}

--- The request that is signed in the benchmarks: 2 KB of body, six headers with those that are added, a session token.
return {
    method = "POST",
    url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse",
    headers = {
        accept = "application/json",
        ["content-type"] = "application/json",
        ["x-amzn-bedrock-trace"] = "DISABLED",
    },
    body = ("word "):rep(410),
    region = "us-east-1",
    service = "bedrock",
    access_key_id = "AKIDEXAMPLE",
    secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    session_token = ("T"):rep(800),
    time = 1795348800,
}

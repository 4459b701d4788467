--- The long-lived credentials the endpoint knows. None of them is worth anything anywhere else.
return {
    access_key_id = "AKIDEXAMPLE0000000001",
    secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    session = {
        access_key_id = "ASIAEXAMPLE000000002",
        secret_access_key = "Zk9vQ2xhc3MvU2VjcmV0K0V4YW1wbGUvS2V5MDAx",
        session_token = "FwoGZXIvYXdzEXAMPLE//token+for/tests==",
    },
    api_key = "bedrock-api-key-EXAMPLEdG9rZW4",
    web_identity_token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzcGVjcyJ9.c2lnbmF0dXJlLW9mLXNwZWNz",
    container_token = "Basic Y29udGFpbmVyOkVYQU1QTEU=",
    role = "specs-role",
    sso = {
        access_token = "aoaAAAAAGEXAMPLEaccess",
        refresh_token = "aorAAAAAGEXAMPLErefresh",
        client_id = "client-EXAMPLE",
        client_secret = "client-secret-EXAMPLE",
    },
    account = "123456789012",
}

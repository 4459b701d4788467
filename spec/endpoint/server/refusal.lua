--- Refusals in AWS's form: the code in a header, the text in a JSON body.
local refusal = {}

--- Ends the check in progress; the caller of the check turns it into an answer.
--- @param status integer
--- @param code string the service's name for it
--- @param message string the text the client sees
--- @param reason string? what exactly was wrong, for the record only
function refusal.raise(status, code, message, reason)
    error({ status = status, code = code, message = message, reason = reason or message }, 0)
end

function refusal.invalid_signature(reason)
    refusal.raise(403, "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided. "
            .. "Check your AWS Secret Access Key and signing method. "
            .. "Consult the service documentation for details.", reason)
end

function refusal.invalid_x509_signature(reason)
    refusal.raise(403, "AccessDeniedException", "Invalid signature", reason)
end

function refusal.untrusted(reason)
    refusal.raise(403, "AccessDeniedException", "Untrusted signing certificate", reason)
end

function refusal.incomplete(message)
    refusal.raise(403, "IncompleteSignatureException", message)
end

function refusal.validation(message)
    refusal.raise(400, "ValidationException", message)
end

return refusal

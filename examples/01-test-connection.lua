--- Does the connection work? Checks settings and certificate, exchanges the certificate for temporary
--- credentials, and asks Bedrock for its models. What fails is named, with what usually causes it.
local bedrock = require "bedrock"

local conn = assert(bedrock.open())
local report, err = conn:test()
print(report or err.report)
os.exit(report and 0 or 1)

-- Load on `anneal api` by wrk: every stream must have a finish_reason and end with [DONE].
--
--   wrk -t2 -c200 -d20s --timeout 60s -s Benchmarks/streams.lua http://127.0.0.1:8000/v1/chat/completions
local count = 0

function request()
  count = count + 1
  local body = string.format(
    '{"messages":[{"role":"user","content":"number %d"}],"max_tokens":8,"temperature":0,"stream":true}', count % 8)
  return wrk.format("POST", nil, {["Content-Type"] = "application/json"}, body)
end

function response(status, headers, body)
  local whole = body:find("data: [DONE]", 1, true) and body:find('"finish_reason": "', 1, true)
  if status ~= 200 or not whole then print("INCOMPLETE", status, #body) end
end

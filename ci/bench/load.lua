-- What one connection of wrk sends: alerts for Alertmanager's API v2, which the platform and Alertmanager
-- take alike. MODE is new, duplicate, resolve or storm; BATCH is how many alerts a request holds; RUN makes
-- the alerts of one measurement different from those of all others; KEY is an integration's, if one is needed.
local mode, batch = os.getenv("MODE"), tonumber(os.getenv("BATCH"))
local run, key = os.getenv("RUN"), os.getenv("KEY")
local thread, threads = 0, 0
local n = 0

function setup(one)
  one:set("thread", threads)
  threads = threads + 1
end

local function alert(number, more)
  return string.format(
    '{"labels":{"alertname":"Bench","service":"service-%d","severity":"warning","instance":"%s-%d-%d"},'
      .. '"annotations":{"summary":"A measurement"},"generatorURL":"http://prometheus.example/graph"%s}',
    number % 100, run, thread, number, more)
end

-- Nine of ten alerts of a storm are repeats of fifty, and the tenth is new.
local function following()
  n = n + 1
  if mode == "duplicate" then return alert(n % 50, "") end
  if mode == "resolve" then return alert(n + 1000, ',"startsAt":"2026-01-01T00:00:00Z","endsAt":"2026-01-01T00:00:01Z"') end
  if mode == "storm" and n % 10 ~= 0 then return alert(n % 50, "") end
  return alert(n + 1000, "")
end

function request()
  local alerts = {}
  for i = 1, batch do alerts[i] = following() end
  local headers = {["Content-Type"] = "application/json"}
  if key then headers["Authorization"] = "Bearer " .. key end
  return wrk.format("POST", "/api/v2/alerts", headers, "[" .. table.concat(alerts, ",") .. "]")
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %.3f, "p50": %.3f, "p95": %.3f, "p99": %.3f, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(95) / 1000,
    latency:percentile(99) / 1000, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end

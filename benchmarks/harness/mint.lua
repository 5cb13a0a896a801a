-- What wrk sends: the mint of every contender. Arguments after `--`: path, and optionally `unique` for an
-- Idempotency-Key that no other request has. Latencies are printed as one line of JSON for the harness.
local path, unique, counter, thread_number = "/", false, 0, 0

function setup(thread)
  thread:set("thread_number", thread_number)
  thread_number = thread_number + 1
end

function init(args)
  path = args[1] or path
  unique = args[2] == "unique"
  wrk.method = "POST"
  wrk.body = args[3] or '{"sessionId":"bench-session-1","model":"gpt-realtime"}'
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = args[4]
  wrk.path = path
  prefix = string.format("bench-%d-%d-", os.time(), thread_number)
  plain = wrk.format()
end

function request()
  if not unique then return plain end
  counter = counter + 1
  wrk.headers["Idempotency-Key"] = prefix .. counter
  return wrk.format()
end

function done(summary, latency, _)
  io.write(string.format(
    'RESULT {"requests":%d,"duration_us":%d,"bad_status":%d,"failed":%d,"p50_us":%d,"p90_us":%d,"p99_us":%d,"max_us":%d}\n',
    summary.requests, summary.duration, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max))
end

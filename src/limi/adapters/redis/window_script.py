"""The script that decides about many requests in one step, and how its questions and answers are written.

A window is a list of the times of its admissions, oldest first, in microseconds of the server's clock: the same
exact log that `limi.features.rate_limits.memory` keeps, so both decide alike. A list takes about ten bytes an
admission, a sorted set some eighty. What has left the window is found by bisection and cut off in one command, and
the whole list expires a minute after the last admission.

All keys carry one hash tag: the windows of one request, and of all requests in one call, have to be on one server.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from limi.adapters.redis.connection import RedisUnavailableError, Script
from limi.features.rate_limits.model import WINDOW_SECONDS, Decision, Window

__all__ = ["ADMIT", "LIFE_KEY", "WINDOW_PREFIX", "decode_decisions", "encode_batch"]

LIFE_KEY: Final = b"{limi}:life"
"""Holds the run id of the server that keeps the windows, and since when it does, in microseconds."""
WINDOW_PREFIX: Final = b"{limi}:window:"
_MICROSECONDS: Final = 1_000_000
_NUMBERS_EACH: Final = 4

ADMIT: Final = Script.of("""
local WINDOW, STEP = 60000000, 1000000
local now = tonumber(ARGV[2])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end

-- Since when this server knows every admission. Nothing, or another server's name: it may have lost some.
local id, since = string.match(redis.call('GET', KEYS[1]) or '', '^(%x*) (%d+)$')
since = tonumber(since)
if id ~= ARGV[1] or since > now then
  since = now
  redis.call('SET', KEYS[1], string.format('%s %.0f', ARGV[1], now))
end
local answer = {now - since}
if now - since < WINDOW then
  return answer
end

local function at(key, index)
  return tonumber(redis.call('LINDEX', key, index))
end

local function load(key)
  local head = at(key, 0)
  if not head then
    return {key = key, stored = 0, new = 0}
  end
  if head > now + STEP then
    -- The server's clock was set back. Admissions of the future would stay for as long.
    redis.call('DEL', key)
    return {key = key, stored = 0, new = 0}
  end
  local stored = redis.call('LLEN', key)
  if head > now - WINDOW then
    return {key = key, stored = stored, new = 0, head = head}
  end
  local left, kept = 0, 1
  while kept < stored and at(key, kept) <= now - WINDOW do
    left, kept = kept, kept * 2
  end
  kept = math.min(kept, stored)
  while kept - left > 1 do
    local middle = math.floor((left + kept) / 2)
    if at(key, middle) <= now - WINDOW then left = middle else kept = middle end
  end
  redis.call('LTRIM', key, kept, -1)
  return {key = key, stored = stored - kept, new = 0, head = at(key, 0)}
end

local function reset(window, index)
  local admitted = now
  if window.stored + window.new == 0 then
    return WINDOW
  elseif index == 0 and window.head then
    admitted = window.head
  elseif index < window.stored then
    admitted = at(window.key, index)
  end
  return admitted + WINDOW - now
end

local windows = {}
for _, request in ipairs(cmsgpack.unpack(ARGV[3])) do
  local passes, limit, remaining, wait = 1, 0, nil, 0
  for i = 1, #request, 2 do
    local number, most = request[i], request[i + 1]
    local window = windows[number] or load(KEYS[number])
    windows[number] = window
    local room = most - window.stored - window.new
    if room <= 0 then
      passes, limit, remaining, wait = 0, most, 0, reset(window, -room)
      break
    elseif not remaining or room - 1 < remaining then
      limit, remaining, wait = most, room - 1, reset(window, 0)
    end
  end
  if passes == 1 then
    for i = 1, #request, 2 do
      windows[request[i]].new = windows[request[i]].new + 1
    end
  end
  local n = #answer
  answer[n + 1], answer[n + 2], answer[n + 3], answer[n + 4] = passes, limit, remaining, wait
end

local stamp = string.format('%.0f', now)
for _, window in pairs(windows) do
  if window.new > 0 then
    local stamps = {}
    for i = 1, window.new do
      stamps[i] = stamp
    end
    redis.call('RPUSH', window.key, unpack(stamps))
    redis.call('PEXPIRE', window.key, (WINDOW + STEP) / 1000)
  end
end
return answer
""")
"""Decide about requests in the order they came.

Keys: `LIFE_KEY`, then every window once. Arguments: the server's run id; the time in microseconds, or nothing for
the server's own; the requests, each as a list of a key's number and its limit in turns (MessagePack). Answer: the
age of what the server knows, in microseconds; if that is a minute or more, four numbers for each request follow:
whether it passes, and the deciding window's limit, remaining and microseconds until there is room.
"""


def encode_batch(requests: Sequence[Sequence[Window]]) -> tuple[list[bytes], bytes]:
    """Return the keys of a batch, each once, and its requests in terms of their numbers."""
    numbers: dict[str, int] = {}
    written: list[list[int]] = []
    for windows in requests:
        line: list[int] = []
        for window in windows:
            # The first key is the life's, and Lua counts from one.
            line += (numbers.setdefault(window.key, len(numbers) + 2), window.limit)
        written.append(line)
    keys = [LIFE_KEY, *(WINDOW_PREFIX + key.encode() for key in numbers)]
    return keys, msgspec.msgpack.encode(written)


def decode_decisions(answer: object, count: int) -> tuple[float, list[Decision]]:
    """Return the age of what the server knows, in seconds, and its `count` decisions; none while it is too young.

    Raises:
        RedisUnavailableError: the answer is none of that script's.
    """
    try:
        age, *numbers = msgspec.convert(answer, list[int])
    except (msgspec.ValidationError, ValueError) as exc:
        raise RedisUnavailableError("an answer that is none") from exc
    age_seconds = age / _MICROSECONDS
    if age_seconds < WINDOW_SECONDS and not numbers:
        return age_seconds, []
    if len(numbers) != count * _NUMBERS_EACH:
        raise RedisUnavailableError("an answer that is none")
    return age_seconds, [
        Decision(
            admitted=bool(numbers[i]),
            limit=numbers[i + 1],
            remaining=numbers[i + 2],
            reset_seconds=numbers[i + 3] / _MICROSECONDS,
        )
        for i in range(0, len(numbers), _NUMBERS_EACH)
    ]

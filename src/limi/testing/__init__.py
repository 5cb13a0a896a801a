"""For tests of Limi and of what is built on it: clocks to move, stores in memory, servers on loopback.

Nothing here is used in production, and nothing here is a mock: every part does what the real one does.
"""

from limi.features.analytics.memory import InMemoryAnalyticsStore
from limi.features.api_keys.memory import InMemoryApiKeyStore
from limi.features.client_secrets.idempotency import InMemoryIdempotencyStore
from limi.features.journal.memory import InMemoryJournalStore
from limi.features.profiles.memory import InMemoryProfileStore
from limi.features.rate_limits.memory import InMemoryWindowStore
from limi.features.revision.memory import InMemoryRevisionStore
from limi.features.tenants.memory import InMemoryTenantStore
from limi.features.webhooks.memory import InMemoryEndpointStore
from limi.features.webhooks.memory_deliveries import InMemoryDeliveryStore
from limi.sandbox.faults.rules import FaultRules
from limi.testing.backend import Backend, running_backend
from limi.testing.chat import ChatAnswer, ChatEnd, FakeChat
from limi.testing.clock import CountingIds, ManualClock
from limi.testing.issuer import FakeIssuer
from limi.testing.receiver import ReceiverReply, RecordingReceiver
from limi.testing.recording import RecordedSession
from limi.testing.sandboxes import RunningSandbox, SandboxInThread, sandbox
from limi.testing.server import serving
from limi.testing.upstream import FakeUpstream, Reply
from limi.testing.virtual_clock import VirtualClock

__all__ = [
    "Backend",
    "ChatAnswer",
    "ChatEnd",
    "CountingIds",
    "FakeChat",
    "FakeIssuer",
    "FakeUpstream",
    "FaultRules",
    "InMemoryAnalyticsStore",
    "InMemoryApiKeyStore",
    "InMemoryDeliveryStore",
    "InMemoryEndpointStore",
    "InMemoryIdempotencyStore",
    "InMemoryJournalStore",
    "InMemoryProfileStore",
    "InMemoryRevisionStore",
    "InMemoryTenantStore",
    "InMemoryWindowStore",
    "ManualClock",
    "ReceiverReply",
    "RecordedSession",
    "RecordingReceiver",
    "Reply",
    "RunningSandbox",
    "SandboxInThread",
    "VirtualClock",
    "running_backend",
    "sandbox",
    "serving",
]

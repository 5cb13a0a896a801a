import limi.testing


def test_the_public_names_are_these() -> None:
    assert limi.testing.__all__ == [
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
    assert all(hasattr(limi.testing, name) for name in limi.testing.__all__)

"""The package's public names are a promise."""

import limi.protocol


def test_all_public_names_exist_and_are_sorted_into_one_list() -> None:
    assert all(hasattr(limi.protocol, name) for name in limi.protocol.__all__)
    assert len(limi.protocol.__all__) == len(set(limi.protocol.__all__))


def test_what_the_transports_build_on_is_there() -> None:
    assert set(limi.protocol.__all__) >= {
        "ClearPlayback",
        "Close",
        "ConfigureVAD",
        "ContextItem",
        "FeedVAD",
        "FunctionTool",
        "Generate",
        "GenerationRequest",
        "IncompleteReason",
        "Limits",
        "PlayAudio",
        "ProtocolError",
        "RealtimeSession",
        "SessionConfig",
        "StopGenerating",
        "Transcribe",
        "Transport",
        "client_secret_response",
        "default_config",
        "error_body",
        "ids_from_hex",
        "parse_client_secret_request",
        "parse_session_config",
        "refuse_beta",
        "refuse_key",
        "refuse_missing_model",
        "refuse_unknown_model",
    }

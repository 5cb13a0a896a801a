"""The kinds of application that call, told from what they say of themselves."""

from enum import StrEnum

__all__ = ["Frontend"]


class Frontend(StrEnum):
    """What a caller's application is made with; usage is counted by it."""

    REACT = "react"
    VUE = "vue"
    ANGULAR = "angular"
    ELECTRON = "electron"
    MOBILE = "mobile"
    UNKNOWN = "unknown"

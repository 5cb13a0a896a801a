"""What the sandbox is told to hear and to say, read from YAML; knows no session, no voice and no protocol.

`load_script` reads a file, `parse_script` a text. A script holds no state: which of its turns comes next follows
from the conversation alone, so the same script serves any number of sessions at once.
"""

from limi.sandbox.scripts.model import Script, ScriptError
from limi.sandbox.scripts.reader import load_script, parse_script

__all__ = ["Script", "ScriptError", "load_script", "parse_script"]

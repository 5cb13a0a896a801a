from limi.sandbox.scripts.model import Otherwise, Script, ScriptError


def test_an_error_names_file_line_field_and_rule() -> None:
    error = ScriptError(source="a.yaml", line=3, field="turns[0].user", rule="must be text")
    assert str(error) == "a.yaml, line 3, turns[0].user: must be text"
    assert (error.source, error.line, error.field, error.rule) == ("a.yaml", 3, "turns[0].user", "must be text")


def test_an_error_of_the_whole_file_names_the_file_only() -> None:
    assert str(ScriptError(source="a.yaml", line=None, field="", rule="it is empty")) == "a.yaml: it is empty"


def test_an_empty_script_leaves_everything_to_the_brain() -> None:
    script = Script(source="a.yaml")
    assert (script.turns, script.hears, script.in_order, script.otherwise) == ((), (), False, Otherwise.BRAIN)

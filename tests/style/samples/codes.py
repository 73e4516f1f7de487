"""Says codes; docs.page is text of a docstring, understudy.yaml a file's name."""


class StoreError(Exception):
    code = "store"


class OtherError(Exception):
    code = "other"  # <- rejected


def fail(say):
    say("connect.refused", "nobody listens on www.example.com")
    say("connect.unheard-of", "see understudy.yaml")  # <- rejected
    say(f"timeout.{say.phase}", f"{say.phase} took too long")
    say(f"late.{say.phase}", "not on the page")  # <- rejected
    return "understudy.yaml", "understudy.db", "Not.acode"

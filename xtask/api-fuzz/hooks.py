"""What schemathesis may not call, and what is new for each request, for `cargo xtask api-fuzz`."""

import os
import re
import uuid

import schemathesis

# The keys that this run itself calls with, with a comma between.
OWN_KEYS = set(filter(None, os.environ.get("PAYDESK_FUZZ_OWN_KEYS", "").split(",")))
KEY = "Idempotency-Key"
WELL_FORMED = re.compile("[0-9A-Za-z_-]{16,64}")


@schemathesis.hook
def filter_case(context, case):
    """Revoking the key that asks would turn the rest of the run into 401."""
    if case.method.upper() != "DELETE":
        return True
    return (case.path_parameters or {}).get("id") not in OWN_KEYS


@schemathesis.hook
def before_call(context, case, kwargs):
    """A known idempotency key is answered before anything else of a request is looked at: with the
    same key the next request would be told of the one before, or that the key was used."""
    drawn = (case.headers or {}).get(KEY)
    if isinstance(drawn, str) and WELL_FORMED.fullmatch(drawn):
        case.headers[KEY] = uuid.uuid4().hex

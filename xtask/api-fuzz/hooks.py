"""What schemathesis may not call, what it may not draw, and what is new for each request, for
`cargo xtask api-fuzz`."""

import os
import re
import uuid

import schemathesis
from schemathesis import GenerationMode

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
def map_case(context, case):
    """Four rules of bodies that their schemas do not say, and that the service refuses with 400 (its own tests
    show it): a coupon ends after it begins, no place has two fees, a payer's card is said whole and the
    merchant's not at all, and who pays in a browser says from where. What keeps to the schema is made to
    keep to them; what does not is left alone."""
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return case
    if not isinstance(case.body, dict):
        return case
    operation = case.operation.definition.raw.get("operationId")
    if operation == "put_coupon":
        case.body = {**case.body, **span(case.body["valid_from"], case.body["valid_to"])}
    if operation == "put_delivery_rules":
        places = {place["region"]: place for place in case.body.get("regions", [])}
        case.body = {**case.body, "regions": list(places.values())}
    if operation == "apply_abnormal_refund":
        case.body = to_a_card(case.body)
    if case.body.get("trade_type") == "H5":
        case.body = {**case.body, "client_ip": case.body.get("client_ip") or "203.0.113.9"}
    return case


def to_a_card(body):
    """The same, with a card where it belongs."""
    card = {"bank_type": "ICBC_DEBIT", "bank_account": "6225888888888888888", "real_name": "api-fuzz"}
    if body["type"] == "USER_BANK_CARD":
        return {**body, **{name: body.get(name) or value for name, value in card.items()}}
    return {name: value for name, value in body.items() if name not in card}


def span(*drawn):
    """From the one of two times of RFC 3339 until the other; by their years, so that no zone matters."""
    begin, end = sorted(drawn)
    if int(end[:4]) - int(begin[:4]) < 2:
        begin = min(begin, "2000-01-01T00:00:00Z")
        end = "9999-12-31T00:00:00Z"
    return {"valid_from": begin, "valid_to": end}


@schemathesis.hook
def before_call(context, case, kwargs):
    """A known idempotency key is answered before anything else of a request is looked at: with the
    same key the next request would be told of the one before, or that the key was used."""
    drawn = (case.headers or {}).get(KEY)
    if isinstance(drawn, str) and WELL_FORMED.fullmatch(drawn):
        case.headers[KEY] = uuid.uuid4().hex

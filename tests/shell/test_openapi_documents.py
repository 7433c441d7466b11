"""The four OpenAPI documents are true: asked in every way they allow and forbid, each service answers as they say."""

import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
import schemathesis.specs.openapi.checks as conform
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from tests.documented import SERVICES, Documented, documented
from tests.indication import world_of
from youthcare.runtime.local.stack import Stack

CHECKS = [
    not_a_server_error,
    conform.status_code_conformance,
    conform.content_type_conformance,
    conform.response_schema_conformance,
    conform.response_headers_conformance,
]
# Per operation and kind of question; many more where there is time.
EXAMPLES = int(os.environ.get("TRAJECTWACHT_EXAMPLES", "150")) // 5 if os.environ.get("PROVE") else 3
ENDLESS = "/v1/alerts/stream"
Operation = APIOperation[Any, Any, Any, Any]


def _operations(asked: Documented) -> Iterator[Operation]:
    for found in schemathesis.openapi.from_dict(asked.document).get_all_operations():
        assert isinstance(found, Ok), found.err()
        if found.ok().path != ENDLESS:
            yield found.ok()


def _ask(asked: Documented, operation: Operation, mode: GenerationMode) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=mode))
    def answers_as_documented(case: Case[Any]) -> None:
        response = case.call(base_url=asked.address, headers=asked.headers)
        case.validate_response(response, checks=CHECKS)

    answers_as_documented()


def _can_be_wrong(operation: Operation) -> bool:
    """Whether there is anything in a question that could have the wrong form."""
    parts = (operation.path_parameters, operation.query, operation.body)
    return any(len(part) > 0 for part in parts)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_answers_as_its_document_says(service: str, stack: Stack) -> None:
    """Right questions and wrong ones: never our own failure, never an answer that the document does not know."""
    with documented(service, world_of(stack), "0153") as asked:
        operations = list(_operations(asked))
        assert operations

        for operation in operations:
            _ask(asked, operation, GenerationMode.POSITIVE)
            if _can_be_wrong(operation):
                _ask(asked, operation, GenerationMode.NEGATIVE)


def test_a_character_that_no_text_may_hold_is_refused(stack: Stack) -> None:
    """Postgres keeps no NUL; found by asking what the document allows."""
    with documented("alerts", world_of(stack), "0153") as asked, httpx.Client(headers=asked.headers) as client:
        listed = client.get(f"{asked.address}/v1/alerts", params={"team": "a\0b"})
        entered = client.post(f"{asked.address}/v1/digest-addresses", json={"team": "a\0b", "address": "a@b.example"})

    assert [answer.status_code for answer in (listed, entered)] == [422, 422]
    assert "NUL" in listed.json()["detail"]

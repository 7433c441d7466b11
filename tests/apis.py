"""What the APIs of services are started with in the suites: the stack, the keys of the tests' issuer, and no port."""

from pathlib import Path

from tests.looks import key_file
from tests.tokens import AUDIENCE, ISSUER, Issuer
from youthcare.runtime.local.stack import Stack


def api_environment(stack: Stack, folder: Path, *services: str) -> dict[str, str]:
    """The environment of the API and worker of services; keys stand in a folder of the test's own."""
    jwks = folder / "jwks.json"
    jwks.write_bytes(Issuer().jwks())
    return {
        "KAFKA_BOOTSTRAP_SERVERS": stack.bootstrap_servers,
        **{f"{service.upper()}_DSN": stack.dsn(service) for service in services},
        "METRICS_PORT": "0",
        "HTTP_PORT": "0",
        "JWKS_FILE": str(jwks),
        "TOKEN_ISSUER": ISSUER,
        "TOKEN_AUDIENCE": AUDIENCE,
        "ACCESS_LOG_KEYS_FILE": key_file(folder),
    }

"""The peer of the doors: an app that reads a body and answers when Kafka has it; it knows and keeps nothing else.

One rule: it waits for `acks=all`, as the doors do, and lingers as long.
"""

import asyncio
import os
import threading
from collections.abc import Callable

import uvicorn
from confluent_kafka import KafkaError, Message, Producer
from fastapi import FastAPI, Request
from starlette.responses import Response

from youthcare.runtime.brokers import client_config
from youthcare.runtime.settings import Settings

TOPIC = "benchmark-bodies"


def make_app(producer: Producer) -> FastAPI:
    """The app with its one door."""
    app = FastAPI()

    @app.post("/v1/ijw")
    async def take(request: Request) -> Response:
        taken = _Taken()
        producer.produce(TOPIC, value=await request.body(), on_delivery=taken.tell)
        await taken.answer
        return Response(status_code=202)

    @app.get("/health/ready")
    async def ready() -> dict[str, list[str]]:
        return {"problems": []}

    return app


class _Taken:
    """The fate of one body, told by the producer's thread and waited for in the loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[None] = self._loop.create_future()

    def tell(self, error: KafkaError | None, _message: Message) -> None:
        """Hear of the delivery."""
        finish: Callable[[], None] = lambda: self.answer.set_result(None)  # noqa: E731
        failed: Callable[[], None] = lambda: self.answer.set_exception(RuntimeError("not delivered"))  # noqa: E731
        self._loop.call_soon_threadsafe(finish if error is None else failed)


def _poll_always(producer: Producer) -> None:
    while True:
        producer.poll(0.1)


def main() -> None:
    """Serve on the port of the settings until stopped."""
    settings = Settings.from_env(os.environ)
    producer = Producer(client_config(settings.broker()) | {"acks": "all", "enable.idempotence": True, "linger.ms": 2})
    threading.Thread(target=_poll_always, args=(producer,), daemon=True).start()
    http = settings.http()
    uvicorn.run(make_app(producer), host=http.host, port=http.port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main()

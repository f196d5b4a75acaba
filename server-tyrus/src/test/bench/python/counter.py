"""The counter on Django and Channels, one Redis write a message: uvicorn counter:application.

Without REDIS_URL it counts in memory.
"""

import os
import uuid
from urllib.parse import parse_qs

import django
import redis.asyncio
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.urls import path

settings.configure(
    SECRET_KEY="of no use here", ALLOWED_HOSTS=["*"], INSTALLED_APPS=["channels"]
)
django.setup()

SESSION_SECONDS = 3600
url = os.environ.get("REDIS_URL")
pool = (
    redis.asyncio.BlockingConnectionPool.from_url(url, max_connections=64)
    if url
    else None
)
store = redis.asyncio.Redis(connection_pool=pool) if pool else None


class Counter(AsyncWebsocketConsumer):
    async def connect(self):
        query = parse_qs(self.scope["query_string"].decode())
        self.key = "session:" + query.get("session_id", [str(uuid.uuid4())])[0]
        self.count = int(await store.get(self.key) or 0) if store else 0
        await self.accept()

    async def receive(self, **frame):
        self.count += 1
        if store:
            await store.set(self.key, self.count, ex=SESSION_SECONDS)
        await self.send(text_data=f'{{"count": {self.count}}}')


application = ProtocolTypeRouter(
    {"websocket": URLRouter([path("ws/chat/", Counter.as_asgi())])}
)

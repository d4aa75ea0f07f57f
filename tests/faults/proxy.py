"""A network that can be bad: a TCP proxy on 127.0.0.1 between workers and a broker.

Owns how bytes are delayed, held or cut off, and knows nothing of what they say. A broker tells its clients where to
find it, so it has to tell them the proxy's port.
"""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

from stream.probe import HOST

CHUNK = 64 * 1024


class Proxy:
    """Passes on what comes at `port` to `target`, in both directions, while the block runs.

    Attributes:
        delay: seconds that each piece of at most 64 KiB waits, in each direction.
        pace: bytes a second of each connection and direction; None: as fast as it goes.
    """

    def __init__(self, port: int, target: int) -> None:
        self.delay = 0.0
        self.pace: float | None = None
        self.port, self._target = port, target
        self._flows = asyncio.Event()
        self._flows.set()
        self._refuses = False
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accepted, HOST, self.port, limit=CHUNK)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            self.cut()
            self.hold(yes=False)
            await self._server.wait_closed()

    def cut(self) -> None:
        """Break off every connection there is; new ones are let through."""
        for writer in [*self._open]:
            writer.transport.abort()

    def refuse(self, *, yes: bool) -> None:
        """Let nobody in any more, or do so again; connections there are stay."""
        self._refuses = yes

    def hold(self, *, yes: bool) -> None:
        """Pass nothing on any more and tell nobody, or go on."""
        if yes:
            self._flows.clear()
        else:
            self._flows.set()

    def heal(self) -> None:
        """A network as it should be."""
        self.delay, self.pace = 0.0, None
        self.refuse(yes=False)
        self.hold(yes=False)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection(HOST, self._target, limit=CHUNK)
        except OSError:  # the broker is down
            writer.transport.abort()
            return
        ends = {writer, back}
        self._open |= ends
        try:
            await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer))
        finally:
            self._open -= ends
            for each in ends:
                each.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(CHUNK):
                waits = self.delay + (len(piece) / self.pace if self.pace else 0.0)
                if waits:
                    await asyncio.sleep(waits)
                await self._flows.wait()
                writer.write(piece)
                await writer.drain()
        writer.transport.abort()  # also where one end has only said that it has no more: a client that closes is gone

"""A web server of the demonstration, a process of its own so that it can really be killed."""

from __future__ import annotations

import asyncio
import sys


async def serve(address: str, port: int, name: str) -> None:
    """Answer every request with the server's name, until killed."""
    body = f"hello from {name}\n".encode()
    response = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(response)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a client that leaves early is its own affair
        finally:
            writer.close()

    server = await asyncio.start_server(answer, address, port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), sys.argv[3]))

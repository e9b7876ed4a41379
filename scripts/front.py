"""Join Odoo's two ports into one: front.py PORT HTTP_PORT WEBSOCKET_PORT

With worker processes Odoo answers websockets on a port of its own, while browsers ask
for them where the page came from. A public server has nginx for this (see deploy/);
on a developer's machine these few lines do. They look at the first request of a
connection and then only pass bytes on: a browser never reuses a connection of plain
requests for a websocket.
"""

import asyncio
import signal
import sys

HEAD_LIMIT = 64 * 1024
CHUNK = 64 * 1024


async def pass_on(reader, writer):
    """Copy bytes until the sender is done, then tell the receiver so."""
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()


async def serve(client_reader, client_writer, http_port, websocket_port):
    """Choose the port by the request line and join the two connections."""
    try:
        line = await client_reader.readuntil(b"\n")
        path = (line.split(b" ") + [b""])[1].split(b"?")[0]
        port = websocket_port if path.startswith(b"/websocket") else http_port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        client_writer.close()
        return
    writer.write(line)
    try:
        await asyncio.gather(
            pass_on(client_reader, writer), pass_on(reader, client_writer)
        )
    except asyncio.CancelledError:
        pass  # The server ends, and with it the connections that are still open.
    finally:
        writer.close()
        client_writer.close()


async def main(port, http_port, websocket_port):
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await asyncio.start_server(
        lambda reader, writer: serve(reader, writer, http_port, websocket_port),
        "127.0.0.1",
        port,
        limit=HEAD_LIMIT,
        backlog=1024,
    )
    await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:4])))

"""Stands for `ssh -L`: carries connections to a listening address on to another one, and can cut them all.

relay.py LISTEN=TARGET ...    each HOST:PORT; three ports are carried for each, as a daemon has three doors
SIGUSR1 cuts every connection with a TCP reset.
"""

import asyncio
import signal
import socket
import struct
import sys

CONNECT_SECONDS = 2.0
SILENT_MS = 4000  # as a tunnel with keep-alives gives up
DOORS = 3

open_now = set()


def cut_all():
    for writer in list(open_now):
        sock = writer.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()


async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.transport.abort()


def tune(writer):
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_MS)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


async def carry(target, reader, writer):
    open_now.add(writer)
    onward = None
    try:
        there, onward = await asyncio.wait_for(asyncio.open_connection(*target), CONNECT_SECONDS)
        open_now.add(onward)
        tune(writer)
        tune(onward)
        await asyncio.gather(pump(reader, onward), pump(there, writer))
    except (OSError, asyncio.TimeoutError):
        pass
    finally:
        for each in (writer, onward):
            if each is not None:
                open_now.discard(each)
                each.transport.abort()


async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, cut_all)
    servers = []
    for route in sys.argv[1:]:
        (host, port), (to_host, to_port) = (end.rsplit(":", 1) for end in route.split("="))
        for door in range(DOORS):
            target = (to_host, int(to_port) + door)
            servers.append(await asyncio.start_server(
                lambda reader, writer, target=target: carry(target, reader, writer), host, int(port) + door))
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main())

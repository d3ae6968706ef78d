"""Frames made once and written to many sockets: a server's frames carry no mask, so all clients get the same bytes."""

from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode
from websockets.protocol import State


def text_frame(payload: bytes) -> bytes:
    """Return a whole text message as it stands on the wire (no extension is ever negotiated here)."""
    return Frame(Opcode.TEXT, payload).serialize(mask=False, extensions=[])


def queued_bytes(connection: ServerConnection) -> int:
    """Return what this process still holds for a client that the kernel has not taken."""
    return connection.transport.get_write_buffer_size()


def write(connection: ServerConnection, frame: bytes) -> bool:
    """Hand a frame to a client's transport; tell whether the connection was open.

    Never waits: whoever calls looks at `queued_bytes` first, which is the bound.
    """
    if connection.protocol.state is not State.OPEN or connection.transport.is_closing():
        return False
    connection.transport.write(frame)
    return True

"""The framings of Modbus for pymodbus, by their names in PROT=. pymodbus has none for Modbus/TCP with a CRC: it is made here."""
import struct

import without_serial  # noqa: F401, before pymodbus
from pymodbus.client import ModbusTcpClient
from pymodbus.framer.ascii_framer import ModbusAsciiFramer
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.framer.socket_framer import ModbusSocketFramer
from pymodbus.utilities import checkCRC, computeCRC

HEADER, LENGTH_AT, CRC = 6, 4, 2
EXCEPTION = 9  # bytes of an exception in Modbus/TCP


class SocketCrcFramer(ModbusSocketFramer):
    """Modbus/TCP with the CRC of unit and PDU behind the PDU; the length counts it."""

    def buildPacket(self, message):
        packet = bytearray(super().buildPacket(message))
        struct.pack_into(">H", packet, LENGTH_AT, len(packet) - HEADER + CRC)
        return bytes(packet) + struct.pack(">H", computeCRC(bytes(packet[HEADER:])))

    def getFrame(self):
        frame = super().getFrame()
        body = bytes([self._header["uid"]]) + frame[:-CRC]
        if not checkCRC(body, struct.unpack(">H", frame[-CRC:])[0]):
            raise ValueError(f"wrong CRC: {frame.hex()}")
        return frame[:-CRC]


FRAMERS = {
    "modbus": ModbusSocketFramer,
    "modbus-rtu": SocketCrcFramer,
    "modbus-serial": ModbusRtuFramer,
    "modbus-ascii": ModbusAsciiFramer,
}


def connect(protocol, port, timeout):
    """A client of this framing; nothing when there is no connection."""
    client = ModbusTcpClient("127.0.0.1", port=int(port), framer=FRAMERS[protocol], timeout=timeout)
    if protocol == "modbus-rtu":
        client.transaction._calculate_exception_length = lambda: EXCEPTION + CRC  # pymodbus knows those of its own framers
    return client if client.connect() else None

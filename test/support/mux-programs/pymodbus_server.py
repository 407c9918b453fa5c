"""A Modbus server by pymodbus: pymodbus_server.py PORT [rtu]. A register holds a number made of unit and address."""
import asyncio
import sys

import without_serial  # noqa: F401, before pymodbus
from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext
from pymodbus.datastore.store import BaseModbusDataBlock
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.framer.socket_framer import ModbusSocketFramer
from pymodbus.server import StartAsyncTcpServer


class Registers(BaseModbusDataBlock):
    """The registers of one unit."""

    def __init__(self, unit):
        self.unit = unit
        self.values = {}

    def validate(self, address, count=1):
        return address + count <= 0x10000

    def getValues(self, address, count=1):
        return [self.values.get(at, (self.unit * 7919 + at * 31) & 0xFFFF) for at in range(address, address + count)]

    def setValues(self, address, values):
        for index, value in enumerate(values):
            self.values[address + index] = value


def unit(number):
    registers = Registers(number)
    return ModbusSlaveContext(hr=registers, ir=registers, zero_mode=True)


async def main():
    framer = ModbusRtuFramer if sys.argv[2:] == ["rtu"] else ModbusSocketFramer
    context = ModbusServerContext(slaves={number: unit(number) for number in range(1, 21)}, single=False)
    await StartAsyncTcpServer(
        context=context, address=("127.0.0.1", int(sys.argv[1])), framer=framer, allow_reuse_address=True
    )


asyncio.run(main())

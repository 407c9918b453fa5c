"""A Modbus server by pymodbus: pymodbus_server.py PROTOCOL:PORT... A register holds a number made of unit and address."""
import asyncio
import sys

from framers import FRAMERS
from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext
from pymodbus.datastore.store import BaseModbusDataBlock
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


async def serve(protocol, port):
    context = ModbusServerContext(slaves={number: unit(number) for number in [*range(21), 255]}, single=False)
    await StartAsyncTcpServer(
        context=context, address=("127.0.0.1", int(port)), framer=FRAMERS[protocol], allow_reuse_address=True
    )


async def main():
    await asyncio.gather(*(serve(*served.split(":")) for served in sys.argv[1:]))


asyncio.run(main())

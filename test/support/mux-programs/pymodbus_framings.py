"""Modbus clients by pymodbus, one after the other: pymodbus_framings.py PROTOCOL:PORT... Says of each what it saw."""
import sys

from framers import connect


def value(unit, address):
    return (unit * 7919 + address * 31) & 0xFFFF


def visit(protocol, port):
    client = connect(protocol, port, 5)
    if client is None:
        return "no connection"
    try:
        for unit in (1, 0, 255):
            for length in (1, 125):
                answer = client.read_holding_registers(10, length, slave=unit)
                if answer.isError() or answer.unit_id != unit:
                    return f"unit {unit}: {answer}"
                if answer.registers != [value(unit, at) for at in range(10, 10 + length)]:
                    return f"unit {unit}: {answer.registers}"
        written = client.write_registers(100, [1, 2, 3], slave=2)
        again = client.read_input_registers(99, 3, slave=2)
        if written.isError() or again.isError() or again.registers != [value(2, 99), 1, 2]:
            return f"written {written}, read again {again}"
        refused = client.read_holding_registers(65530, 10, slave=1)
        if not refused.isError() or getattr(refused, "exception_code", 0) != 2:
            return f"no exception 2: {refused}"
        return "right"
    finally:
        client.close()


for visited in sys.argv[1:]:
    print(visited.split(":")[0], visit(*visited.split(":")))

"""Modbus clients by pymodbus: pymodbus_client.py PORT COUNT SEED,SEED... PROTOCOL. Each reads at random; says how many values were right."""
import random
import sys
from concurrent.futures import ThreadPoolExecutor

from framers import connect

port, count = (int(text) for text in sys.argv[1:3])
seeds = [int(text) for text in sys.argv[3].split(",")]


def visit(seed):
    draw = random.Random(seed)
    client = connect(sys.argv[4], port, 10)
    if client is None:
        return "no connection"
    for number in range(count):
        unit, address, length = draw.randint(1, 20), draw.randint(0, 60000), draw.randint(1, 100)
        answer = client.read_holding_registers(address, length, slave=unit)
        if answer.isError():
            return f"request {number}: {answer}"
        expected = [(unit * 7919 + at * 31) & 0xFFFF for at in range(address, address + length)]
        if answer.registers != expected:
            return f"request {number}: unit {unit}, address {address}: {answer.registers}, not {expected}"
    written = client.write_registers(61000 + seed, [seed, 2, 3], slave=1)
    again = client.read_holding_registers(61000 + seed, 3, slave=1)
    if written.isError() or again.isError() or again.registers != [seed, 2, 3]:
        return f"written {written}, read again {again}"
    client.close()
    return f"right {count}"


with ThreadPoolExecutor(len(seeds)) as pool:
    for told in pool.map(visit, seeds):
        print(told)

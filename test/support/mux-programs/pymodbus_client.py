"""A Modbus client by pymodbus: pymodbus_client.py PORT COUNT SEED PROTOCOL. Reads at random; says how many values were right."""
import random
import sys

from framers import connect

port, count, seed = (int(text) for text in sys.argv[1:4])
draw = random.Random(seed)
client = connect(sys.argv[4], port, 10)
if client is None:
    sys.exit("no connection")
for number in range(count):
    unit, address, length = draw.randint(1, 20), draw.randint(0, 60000), draw.randint(1, 100)
    answer = client.read_holding_registers(address, length, slave=unit)
    if answer.isError():
        sys.exit(f"request {number}: {answer}")
    expected = [(unit * 7919 + at * 31) & 0xFFFF for at in range(address, address + length)]
    if answer.registers != expected:
        sys.exit(f"request {number}: unit {unit}, address {address}: {answer.registers}, not {expected}")
written = client.write_registers(61000 + seed, [seed, 2, 3], slave=1)
again = client.read_holding_registers(61000 + seed, 3, slave=1)
if written.isError() or again.isError() or again.registers != [seed, 2, 3]:
    sys.exit(f"written {written}, read again {again}")
client.close()
print("right", count)

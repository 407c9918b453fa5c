"""pymodbus imports modules for serial ports, also for TCP alone, and they need not be installed: empty ones will do."""
import importlib.util
import sys
import types

for name in ("serial", "serial_asyncio"):
    if importlib.util.find_spec(name) is None:
        module = types.ModuleType(name)
        module.create_serial_connection = None
        sys.modules[name] = module

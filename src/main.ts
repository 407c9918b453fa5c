#!/usr/bin/env node
import "./cli/no-debugger.js";

// A static import would load the whole program before the first line of any module runs: SIGUSR1 would open the debugger meanwhile.
await import("./cli/program.js");

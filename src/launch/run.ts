import "./no-debugger.js";

// A static import would load the whole program before the first line of any module runs: SIGUSR1 would open the debugger meanwhile.
// No await: the bundle, which begins here, is CommonJS.
void import("../cli/program.js").then(({ main }) => main(process.argv.slice(2)));

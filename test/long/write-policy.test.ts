// 10^6 random writes against random rules: none that is forbidden is allowed. A failure prints the seed: FUZZ_SEED=42.
process.env["FUZZ_RUNS"] ??= "1000000";
await import("../core/mux/write-policy.test.js");

#!/usr/bin/env node
import "./launch/node-check.js";

// All the rest is loaded behind the check: an old Node stops at syntax, or a module, that it does not know.
void import("./launch/launch.js");

// Loads the program in build/sockproxyd.cjs. `parts`, above, holds it as text: in a function each, as a comment. A part takes time and memory
// only when something imports it (docs/benchmarks.md). It is taken from memory, because a new version may replace the file meanwhile.
const Module = require("node:module");
const loaded = {};

/** Gives the exports of a part, `./NAME`, or of a module of Node. */
function load(path) {
  const part = parts[path.slice(2)];
  if (part === undefined) return require(path);
  if (loaded[path] !== undefined) return loaded[path].exports;
  const name = `${__filename}${path.slice(1)}`;
  const own = new Module(name);
  loaded[path] = own;
  own.require = load;
  own.later = later;
  const text = part.toString();
  const code = text.slice(text.indexOf("/*") + 2, -3).replaceAll("*\x01/", "*/");
  own._compile(code, name); // as Node compiles a file: it keeps the result in its cache, where there is one
  return own.exports;
}

/** Gives the exports of a module of Node, which is loaded when one of them is used. */
function later(path) {
  let module;
  return new Proxy(
    {},
    {
      get(_, name) {
        if (module === undefined) module = require(path); // no `??=`: Node 14 has to read this file
        return module[name];
      },
    },
  );
}

load("./main.js");

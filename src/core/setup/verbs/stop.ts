import { noArguments, type Verb } from "../verb.js";

export const stop = {
  word: "STOP",
  usage: "STOP",
  help: ["Close all connections and stop the proxy (from this machine only, by default)."],
  capabilities: [],
  run(args, { mayStop }) {
    const wrong = noArguments(args);
    if (wrong !== undefined) return wrong;
    return mayStop
      ? { kind: "stop", text: "OK STOP" }
      : { kind: "error", message: "not from another machine; [host] stop=any in the configuration allows it" };
  },
} satisfies Verb;

// Prints what happens to connections and lines: node events.mjs http://127.0.0.1:8080/events?name=boiler
const response = await fetch(process.argv[2] ?? "http://127.0.0.1:8080/events");
if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
let rest = "";
for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
  const blocks = (rest + chunk).split("\n\n");
  rest = blocks.pop();
  const events = blocks.flatMap((block) => /^data: (.*)$/m.exec(block)?.[1] ?? []);
  for (const event of events) console.log(JSON.parse(event).text);
}

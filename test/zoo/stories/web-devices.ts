import assert from "node:assert/strict";
import { http, httpBody } from "../../support/protocols.js";
import { quietFor, until } from "../../support/wait.js";
import { Animal, type Habit } from "../animals/animal.js";
import { takesSlowly } from "../animals/habits.js";
import { allRight, askAll, keys, type Story, timed, type Visit } from "../story.js";

const MIB = 1_048_576;
const FIRMWARE = Buffer.alloc(5 * MIB, "0123456789abcdef");
const PUT = `PUT /firmware HTTP/1.1\r\nHost: device\r\nContent-Length: ${FIRMWARE.length}\r\n\r\n`;

/** Sends more than the kernel's buffers hold, and an end that is far away, to whoever asks for /0. */
const sendsRecordings: Habit = {
  answers: (next) => (asked, send) => {
    if (!asked.bytes.includes("/0 ")) return next(asked, send);
    send(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${1024 * MIB}\r\n\r\n`));
    for (let count = 0; count < 24; count += 1) send(Buffer.alloc(MIB));
  },
};

/** Refuses uploads as soon as it sees their head, and takes no more of them. */
const refusesUploads: Habit = {
  received(chunk, link) {
    if (!chunk.includes("PUT ")) return chunk;
    link.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno\n");
    link.pause();
    return Buffer.alloc(0);
  },
};

/** Wants a login: says so at the first bytes of an upload, and cuts the connection with the rest unread. */
const wantsLogin: Habit = {
  received(chunk, link) {
    if (!chunk.includes("PUT ")) return chunk;
    link.pause();
    link.write("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 3\r\n\r\nno\n");
    link.end();
    return Buffer.alloc(0);
  },
};

/** Another client asks; its answers must come within so many milliseconds. */
async function othersGoOn({ client }: Visit, withinMs: number): Promise<void> {
  const other = await client();
  const { value, ms } = await timed(askAll(other, keys(6, 1)));
  assert.deepEqual(value, allRight(6));
  assert.ok(ms < withinMs, `${ms} ms`);
}

/** HTTP devices. */
export const WEB_DEVICES: readonly Story[] = [
  {
    device: "Camera that takes a firmware of 5 MB",
    behaviour: "takes the upload more slowly than it is sent",
    clients: "the upload arrives whole, the others have their turn behind it, and requests behind it keep their order",
    options: "PROT=http TIME=30",
    animal: () => Animal.open(http, takesSlowly(256 * 1024, 5)),
    async visit(visit) {
      const { animal, client } = visit;
      const one = await client();
      const uploaded = one.ask(Buffer.concat([Buffer.from(PUT), FIRMWARE]));
      const behind = askAll(one, keys(3));
      await othersGoOn(visit, 25_000);
      assert.equal(httpBody((await uploaded) ?? Buffer.alloc(0)), "/firmware");
      assert.deepEqual(await behind, allRight(3));
      const [request] = animal.requests;
      assert.ok(request?.bytes.subarray(-FIRMWARE.length).equals(FIRMWARE));
    },
  },
  {
    device: "Camera whose uploader loses its WLAN",
    behaviour: "gets half a body, and then nothing",
    clients: "the uploader is closed, the others go on, and nobody gets an answer to half a request",
    options: "PROT=http STAL=1",
    animal: () => Animal.open(http),
    async visit(visit) {
      const { animal, client } = visit;
      const one = await client();
      const uploaded = one.ask(Buffer.concat([Buffer.from(PUT), FIRMWARE.subarray(0, MIB)]));
      await until(() => animal.received.length >= MIB, "the beginning");
      await othersGoOn(visit, 25_000);
      assert.match(String(await uploaded), /^HTTP\/1\.1 408 /);
      assert.equal(animal.requests.length, 6);
    },
  },
  {
    device: "Camera whose uploader crashes",
    behaviour: "gets half a body, and then the client is gone",
    clients: "the others go on at once, over another link",
    options: "PROT=http",
    animal: () => Animal.open(http),
    async visit(visit) {
      const { animal, client } = visit;
      const one = await client();
      void one.ask(Buffer.concat([Buffer.from(PUT), FIRMWARE.subarray(0, MIB)]));
      await until(() => animal.received.length >= MIB, "the beginning");
      one.client.reset();
      await othersGoOn(visit, 25_000);
      assert.equal(animal.requests.length, 6);
    },
  },
  {
    device: "Device that refuses large uploads",
    behaviour: "answers 413 when it has seen the head, and takes nothing more",
    clients: "the refusal, then the end of the connection; the others go on",
    options: "PROT=http STAL=0.3",
    animal: () => Animal.open(http, refusesUploads),
    async visit(visit) {
      const one = await visit.client();
      assert.match(String(await one.ask(Buffer.concat([Buffer.from(PUT), FIRMWARE]))), /^HTTP\/1\.1 413 [\s\S]*no\n$/);
      await until(() => one.client.ended || one.client.closed, "the end of the connection");
      await othersGoOn(visit, 25_000);
    },
  },
  {
    device: "Camera that wants a login",
    behaviour: "answers 401 at the first bytes of an upload, and cuts the connection with the rest unread",
    clients: "the 401, although the rest of the upload fails",
    options: "PROT=http",
    animal: () => Animal.open(http, wantsLogin),
    async visit(visit) {
      for (let count = 0; count < 5; count += 1) {
        const one = await visit.client();
        assert.match(
          String(await one.ask(Buffer.concat([Buffer.from(PUT), FIRMWARE]))),
          /^HTTP\/1\.1 401 [\s\S]*no\n$/,
        );
      }
      await othersGoOn(visit, 25_000);
    },
  },
  {
    device: "Recorder with a client that does not read",
    behaviour: "sends recordings without end, and the client stops reading one of them",
    clients: "the client is closed, and the others go on",
    options: "PROT=http STAL=2",
    animal: () => Animal.open(http, sendsRecordings),
    async visit(visit) {
      const one = await visit.client();
      one.client.socket.pause();
      one.client.write(http.request(0, 0));
      await until(() => visit.animal.requests.length > 0, "the request");
      await othersGoOn(visit, 25_000);
      assert.equal((await visit.mux.status()).stalled, 1);
    },
  },
  {
    device: "Device with clients that send a body bit by bit",
    behaviour: "serves everybody, one request at a time",
    clients: "short bodies that come slowly cost nobody a turn",
    options: "PROT=http STAL=10",
    animal: () => Animal.open(http),
    async visit(visit) {
      const slow = await Promise.all(keys(5).map(visit.client));
      const post = "POST /20 HTTP/1.1\r\nHost: device\r\nContent-Length: 20\r\n\r\n";
      const answers = slow.map((one) => one.ask(Buffer.from(post)));
      let others: Promise<void> | undefined;
      for (let count = 0; count < 20; count += 1) {
        for (const one of slow) one.client.write("x");
        if (count === 5) others = othersGoOn(visit, 25_000); // beside the bodies: on a busy machine they would stall behind it
        await quietFor(20);
      }
      await others;
      for (const answer of await Promise.all(answers)) assert.match(String(answer), /\/20$/);
    },
  },
];

import type { Asked, Habit } from "./animal.js";

// Habits of devices of any protocol. Habits combine: Animal.open(modbus, takes(100), closesAfterAnswer).

/** Answers `ms` after the request, requests beside each other. */
export function delays(ms: number): Habit {
  return { answers: (next) => (asked, send) => next(asked, (bytes) => void asked.link.later(ms, () => send(bytes))) };
}

/** Works on one request at a time, `ms` on each: the others of all connections wait. */
export function takes(ms: number): Habit {
  return {
    answers(next) {
      let freeAt = 0;
      return (asked, send) => {
        freeAt = Math.max(freeAt, performance.now()) + ms;
        asked.link.later(freeAt - performance.now(), () => next(asked, send));
      };
    },
  };
}

/** Sends each answer as `change` makes it; an empty one is not sent. */
export function changes(change: (answer: Buffer, asked: Asked) => Buffer): Habit {
  return {
    answers: (next) => (asked, send) =>
      next(asked, (answer) => {
        const bytes = change(answer, asked);
        if (bytes.length > 0) send(bytes);
      }),
  };
}

/** Does not answer the requests of which `which` is true. */
export function ignores(which: (request: Buffer) => boolean): Habit {
  return { answers: (next) => (asked, send) => void (which(asked.bytes) || next(asked, send)) };
}

/** Closes the connection behind each answer. */
export const closesAfterAnswer: Habit = {
  answers: (next) => (asked, send) =>
    next(asked, (bytes) => {
      send(bytes);
      asked.link.end();
    }),
};

/** Takes one connection, and none for `ms` behind its end: resets the others after `resetMs`. */
export function needsPause(ms: number, resetMs = 5): Habit {
  let last: Asked["link"] | undefined;
  return {
    connected(link) {
      const sinceMs = last === undefined ? ms : performance.now() - (last.closedAt ?? Number.POSITIVE_INFINITY);
      if (sinceMs < ms) link.later(resetMs, () => link.reset());
      else last = link;
    },
    received: (chunk, link) => (link === last ? chunk : Buffer.alloc(0)),
  };
}

/** Closes, or resets, a connection that has been idle for `ms`. */
export function leavesIdle(ms: number, how: "end" | "reset" = "end"): Habit {
  const stops = new WeakMap<object, () => void>();
  const rewind = (link: Asked["link"]): void => {
    stops.get(link)?.();
    stops.set(
      link,
      link.later(ms, () => link[how]()),
    );
  };
  return {
    connected: rewind,
    received(chunk, link) {
      rewind(link);
      return chunk;
    },
    answers: (next) => (asked, send) =>
      next(asked, (bytes) => {
        rewind(asked.link);
        send(bytes);
      }),
  };
}

/** Resets connections beyond `most` at a time. */
export function accepts(most: number): Habit {
  return {
    connected(link, animal) {
      if (animal.open.length > most) link.reset();
    },
  };
}

/** Leaves requests unheard that come within `ms` of the connect. */
export function needsAfterConnect(ms: number): Habit {
  return { received: (chunk, link) => (performance.now() - link.openedAt < ms ? Buffer.alloc(0) : chunk) };
}

/** Says something as soon as a client has connected. */
export function greets(text: Buffer | string): Habit {
  return { connected: (link) => link.write(text) };
}

/** Says something every `ms` on each connection. */
export function says(text: Buffer | string, ms: number): Habit {
  return {
    connected(link) {
      const again = (): void => {
        link.write(text);
        link.later(ms, again);
      };
      link.later(ms, again);
    },
  };
}

/** Sends each answer in pieces of so many bytes, `ms` apart, one answer behind the other. */
export function inPieces(bytes: number, ms: number): Habit {
  const unsent = new WeakMap<object, Promise<void>>();
  return {
    answers: (next) => (asked, send) =>
      next(asked, (answer) => {
        const sent = async (): Promise<void> => {
          for (let at = 0; at < answer.length; at += bytes) {
            if (at > 0) await new Promise<void>((resolve) => asked.link.later(ms, resolve));
            send(answer.subarray(at, at + bytes));
          }
        };
        unsent.set(asked.link, (unsent.get(asked.link) ?? Promise.resolve()).then(sent));
      }),
  };
}

/** Sends one answer to several requests of a packet or of the time that it works: the first one. */
export function oneAtATime(ms: number): Habit {
  const busy = new WeakSet<object>();
  return {
    answers: (next) => (asked, send) => {
      if (busy.has(asked.link)) return;
      busy.add(asked.link);
      asked.link.later(ms, () => {
        busy.delete(asked.link);
        next(asked, send);
      });
    },
  };
}

/** Loses requests that come within `ms` of an answer. */
export function rests(ms: number): Habit {
  const until = new WeakMap<object, number>();
  return {
    answers: (next) => (asked, send) => {
      if (asked.at < (until.get(asked.link) ?? 0)) return;
      next(asked, (answer) => {
        until.set(asked.link, performance.now() + ms);
        send(answer);
      });
    },
  };
}

/** Ends a connection on which something comes within `ms`. */
export function endsHasty(ms: number): Habit {
  return {
    received(chunk, link) {
      if (performance.now() - link.openedAt < ms) link.end();
      return chunk;
    },
  };
}

/** A new connection ends the ones before. */
export const newestWins: Habit = {
  connected(link, animal) {
    for (const other of animal.open) if (other !== link) other.end();
  },
};

/** Answers nothing any more on a connection that has been idle for `ms`, and says so to nobody. */
export function forgetsIdle(ms: number): Habit {
  const lastAt = new WeakMap<object, number>();
  return {
    received(chunk, link) {
      const isForgotten = performance.now() - (lastAt.get(link) ?? link.openedAt) > ms;
      if (isForgotten) return Buffer.alloc(0);
      lastAt.set(link, performance.now());
      return chunk;
    },
  };
}

/** Takes so many bytes, and then nothing for `ms`. */
export function takesSlowly(bytes: number, ms: number): Habit {
  const taken = new WeakMap<object, number>();
  return {
    received(chunk, link) {
      const now = (taken.get(link) ?? 0) + chunk.length;
      taken.set(link, now % bytes);
      if (now >= bytes) {
        link.pause();
        link.later(ms, () => link.resume());
      }
      return chunk;
    },
  };
}

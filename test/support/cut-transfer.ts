import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/**
 * Both ends of a transfer through a port, in Python: Node takes a reset that comes together with bytes for a FIN. The sender cuts the transfer
 * by a reset. The bytes show their position.
 */
const PROGRAM = `
import fcntl, json, os, socket, struct, sys, termios, threading, time
plan = json.loads(sys.argv[1])
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
port = int(sys.stdin.readline())
PIECE = bytes(range(251)) * 261
def data(at, count):
    start = at % len(PIECE)
    return (PIECE[start:] + PIECE * (count // len(PIECE) + 1))[:count]
def outq(end):
    return struct.unpack("i", fcntl.ioctl(end, termios.TIOCOUTQ, bytes(4)))[0]
client = socket.create_connection(("127.0.0.1", port))
for line in plan["setup"]:
    client.sendall((line.replace("TARGET", "127.0.0.1:%d" % listener.getsockname()[1]) + "\\n").encode())
    answer = b""
    while b"OK CONN" not in answer: answer += client.recv(4096) or exit("no answer")
server, _ = listener.accept()
client.sendall(b"?")
server.recv(1) # so the daemon has connected
source, sink = (client, server) if plan["up"] else (server, client)
result = {"got": 0, "whole": True}
def receive():
    time.sleep(plan["pause"])
    try:
        while True:
            piece = sink.recv(65536)
            if not piece: break
            result["whole"] &= piece == data(result["got"], len(piece))
            result["got"] += len(piece)
        result["end"] = "EOF"
    except OSError as error: result["end"] = os.strerror(error.errno)
errors = []
def chat():
    try:
        while "end" not in result:
            sink.send(b"x" * 100)
            time.sleep(0.01)
    except OSError as error: errors.append(os.strerror(error.errno))
threads = [threading.Thread(target=receive)]
if plan["chatter"]: threads.append(threading.Thread(target=chat))
for thread in threads: thread.start()
at = 0
while at < plan["cut"]: at += source.send(data(at, min(65536, plan["cut"] - at)))
while plan["delivered"] and outq(source) > 0: time.sleep(0.002)
source.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
source.close()
for thread in threads: thread.join(30)
if errors and result["end"] == "EOF": result["end"] = errors[0] # whoever calls first gets the error, the next one the end
print(json.dumps(result), flush=True)
`;

/** A transfer that its sender cuts. */
export interface CutPlan {
  /** From the client to the server. */
  readonly up: boolean;
  /** The sender cuts behind so many bytes. */
  readonly cut: number;
  /** It waits until the daemon's kernel has acknowledged them all. */
  readonly delivered: boolean;
  /** Seconds before the reader begins to read. */
  readonly pause?: number;
  /** The reader writes all the time. */
  readonly chatter?: boolean;
  /** Lines that the client sends first, each answered by `OK CONN`; TARGET stands for the server. */
  readonly setup?: readonly string[];
}

/** What the reader has got. */
export interface CutResult {
  readonly got: number;
  /** They are the first bytes that were sent. */
  readonly whole: boolean;
  /** `EOF`, or the words of the error. */
  readonly end: string;
}

/** Runs a transfer. @param portOf gives the port of the daemon that leads to this port of the server */
export async function cutTransfer(
  plan: CutPlan,
  portOf: (serverPort: number) => Promise<number> | number,
): Promise<CutResult> {
  const all = { pause: 0, chatter: false, setup: [], ...plan };
  const python = spawn("python3", ["-c", PROGRAM, JSON.stringify(all)], { stdio: ["pipe", "pipe", "inherit"] });
  const [first] = (await once(python.stdout, "data")) as [Buffer];
  python.stdin.write(`${await portOf(Number(first))}\n`);
  return JSON.parse(await text(python.stdout)) as CutResult;
}

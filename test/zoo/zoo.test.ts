// Devices as they really are, shared through the daemon: the short stories. The long ones run from test/long/zoo.test.ts.
import { tellStories } from "./tell.js";

tellStories("short", 8);

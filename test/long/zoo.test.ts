// Devices as they really are, shared through the daemon: the stories that wait for seconds. They mostly wait, so they run beside each other.
import { tellStories } from "../zoo/tell.js";

tellStories("long", 16);

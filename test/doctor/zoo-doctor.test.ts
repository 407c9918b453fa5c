// What the doctor sees of the animals of the zoo, and the section that it advises. What takes longer runs from test/long/doctor.test.ts.
import { testDoctor } from "./examination.js";

testDoctor(false);

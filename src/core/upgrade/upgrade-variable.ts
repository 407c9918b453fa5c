/** Set in the environment of a process that takes the place of the one that has started it. */
export const UPGRADE_VARIABLE = "SOCKPROXYD_UPGRADE";

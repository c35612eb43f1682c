/** Generations of organisations, one below the other. */
export const MOST_GENERATIONS = 3;
/** Children of one organisation: each of them may have to be told when one of its members changes. */
export const MOST_CHILDREN = 100;

/** The names of the sets of changes. */
export const HOSTILE_SETS: readonly string[];

/** Replaces process-wide type parsers and defaults of pg. @returns a function that reverts the changes. */
export function applyHostile(name: string): () => void;

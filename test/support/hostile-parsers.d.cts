/** The names of the sets. */
export const HOSTILE_SETS: readonly string[];

/** Replaces process-wide type parsers and defaults of pg. @returns a function that takes it back. */
export function applyHostile(name: string): () => void;

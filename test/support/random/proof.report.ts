/**
 * Prints one line that says what a randomized test did and with which seed, in the style of Jest's own lines:
 * `SEED relay under faults: 245079004 · 1274 committed · 184 rolled back`. `npm run test:soak -- --seed <seed>` repeats the choices.
 */
export function reportProof(name: string, seed: number, figures: Readonly<Record<string, number>>): void {
  const list = Object.entries(figures).map(([what, count]) => `${count} ${toWords(what)}`);
  process.stdout.write(`SEED ${name}: ${[seed, ...list].join(' · ')}\n`);
}

/** Converts `rolledBack` to `rolled back`. */
const toWords = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

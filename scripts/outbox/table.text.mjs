import { printable } from '../explain/terminal.mjs';

/** Aligns rows of strings in columns. The first row is the header. */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => printable(row[column]).length)));
  const line = (row) =>
    row
      .map((cell, column) => printable(cell).padEnd(widths[column]))
      .join('  ')
      .trimEnd();
  return rows.map(line).join('\n');
}

/** The API stops counting at 10 001, which means more than 10 000. */
export const countText = (count) => (count > 10_000 ? '>10000' : String(count));

export function ageText(ms) {
  const seconds = Math.round(ms / 1000);
  if (seconds < 1) return `${Math.round(ms)} ms`;
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

export const bytesText = (bytes) =>
  bytes < 1_048_576 ? `${Math.round(bytes / 1024)} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`;

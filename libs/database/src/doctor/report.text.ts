import { styleText } from 'node:util';
import type { CheckStatus } from './check.js';
import type { DoctorReport } from './doctor.js';

const STATUS_WIDTH = 'warning'.length;
const COLORS = { ok: 'green', warning: 'yellow', failed: 'red', skipped: 'gray' } as const;

/** One line for each result, the cure below it, and the counts. */
export function reportText({ results }: DoctorReport, isColored: boolean): string {
  const nameWidth = Math.max(...results.map(({ check }) => check.length));
  const indent = ' '.repeat(STATUS_WIDTH + nameWidth + 4);
  const word = (status: CheckStatus): string => {
    const padded = status.padEnd(STATUS_WIDTH);
    return isColored ? styleText(COLORS[status], padded, { validateStream: false }) : padded;
  };
  const lines = results.flatMap(({ check, status, detail, cure }) => [
    `${word(status)}  ${check.padEnd(nameWidth)}  ${detail}`,
    ...(cure === undefined ? [] : [`${indent}Cure: ${cure}`]),
  ]);
  const counts = (['failed', 'warning', 'ok', 'skipped'] as const).flatMap((status) => {
    const count = results.filter((result) => result.status === status).length;
    return count ? [`${count} ${status === 'warning' && count > 1 ? 'warnings' : status}`] : [];
  });
  return `${lines.join('\n')}\n\n${counts.join(', ')}`;
}

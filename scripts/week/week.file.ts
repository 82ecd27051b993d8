import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { varDirectory } from '../start/folders.ts';
import { PlainError } from '../start/plain-error.ts';

const PATH = join(varDirectory, 'week.json');

/** The correlation ids of the requests that the closing text names. */
export interface Highlights {
  readonly refused: string;
  readonly roleChange: string;
  readonly failedDelivery: string;
  /** Absent in a week of an older version. */
  readonly failedWebhook?: string;
}

/** Whether the seeded week is complete. A database whose week is incomplete has no other data. */
export type WeekState = { readonly state: 'incomplete' } | ({ readonly state: 'complete' } & Highlights);

export function writeWeek(week: WeekState): void {
  writeFileSync(`${PATH}.new`, `${JSON.stringify(week, null, 2)}\n`);
  renameSync(`${PATH}.new`, PATH);
}

export const removeWeek = () => rmSync(PATH);

/** Returns undefined if no week was seeded in this folder. */
export function readWeek(): WeekState | undefined {
  if (!existsSync(PATH)) return undefined;
  try {
    return JSON.parse(readFileSync(PATH, 'utf8')) as WeekState;
  } catch (error) {
    throw new PlainError(`${PATH} cannot be read (${(error as Error).message}). Delete it; the data stays.`);
  }
}

import { quoteCut } from './json-text.js';
import { LogField } from './log-fields.js';
import { LOG_LEVELS, type LogLevel } from './log-level.js';

const NAME_LIMIT = 256; // UTF-16 units
const KNOWN_LIMIT = 2_000; // names come from code, so few are distinct; hostile ones must not fill the memory

type OfLevel = Map<string, Map<string, string>>; // logger, then event

const known = Object.fromEntries(LOG_LEVELS.map((level): [LogLevel, OfLevel] => [level, new Map()])) as Record<LogLevel, OfLevel>;
let count = 0;

/** Level, logger and event as JSON text: the same in each line of one place, so it is written once. */
export function nameText(level: LogLevel, logger: string, event: string): string {
  const ofLogger = known[level].get(logger);
  return ofLogger?.get(event) ?? write(level, logger, event, ofLogger);
}

function write(level: LogLevel, logger: string, event: string, ofLogger = new Map<string, string>()): string {
  const text = `,"${LogField.level}":"${level.toUpperCase()}","${LogField.logger}":${quoteCut(logger, NAME_LIMIT)},"${LogField.event}":${quoteCut(event, NAME_LIMIT)}`;
  if (count < KNOWN_LIMIT && text.length < 4 * NAME_LIMIT) {
    count++;
    known[level].set(logger, ofLogger);
    ofLogger.set(event, text);
  }
  return text;
}

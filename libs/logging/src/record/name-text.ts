import { quoteRedacted } from './json-text.js';
import { LogField } from './log-fields.js';
import { LOG_LEVELS, type LogLevel } from './log-level.js';

const MAX_NAME_CHARS = 256; // UTF-16 units
const MAX_CACHED_NAMES = 2_000; // bounds memory: names come from code, so few are distinct

type EventTexts = Map<string, Map<string, string>>; // by logger, then by event

const cachedTexts = Object.fromEntries(LOG_LEVELS.map((level): [LogLevel, EventTexts] => [level, new Map()])) as Record<
  LogLevel,
  EventTexts
>;
let cachedCount = 0;

/** Returns level, logger and event as JSON text. Hot path: the text is cached, because each call site repeats it. */
export function nameText(level: LogLevel, logger: string, event: string): string {
  const ofLogger = cachedTexts[level].get(logger);
  return ofLogger?.get(event) ?? writeAndCache(level, logger, event, ofLogger);
}

function writeAndCache(level: LogLevel, logger: string, event: string, ofLogger = new Map<string, string>()): string {
  const text = `,"${LogField.level}":"${level.toUpperCase()}","${LogField.logger}":${quoteRedacted(logger, MAX_NAME_CHARS)},"${LogField.event}":${quoteRedacted(event, MAX_NAME_CHARS)}`;
  if (cachedCount < MAX_CACHED_NAMES && text.length < 4 * MAX_NAME_CHARS) {
    cachedCount++;
    cachedTexts[level].set(logger, ofLogger);
    ofLogger.set(event, text);
  }
  return text;
}

import { context, systemClock, type Clock } from '@pikaia/core';
import { findLevel, severity, type LogLevel } from '../record/log-level.js';
import type { LogFields } from '../record/log-fields.js';
import { originText, recordText, type RecordParts } from '../record/record-text.js';
import { currentRing, type DebugRing } from './debug-ring.js';
import { FileSink, type LogFile } from './file.sink.js';
import type { LogSink } from './log-sink.js';
import { prettyText } from './pretty.format.js';
import { StdoutSink } from './stdout.sink.js';

/** Half a period of CloudWatch, so that each period has a value though timers drift. */
const METRIC_INTERVAL_MS = 30_000;

export type LogFormat = 'json' | 'pretty';

export interface LoggingOptions {
  /** Default LOG_LEVEL, else info. */
  readonly level?: LogLevel | undefined;
  /** What stdout gets. Default LOG_FORMAT, else json in production and pretty elsewhere. */
  readonly format?: LogFormat | undefined;
  /** The process, `pikaia-api`. */
  readonly service?: string;
  /** Default NODE_ENV, else development. */
  readonly env?: string;
  readonly version?: string;
  /** Milliseconds beyond which a request is slow, and its DEBUG lines are written. Default 1000. */
  readonly slowRequestMs?: number | undefined;
  /**
   * The share of requests, 0 to 1, whose INFO lines are written: of each request all or none, by its trace id, so that all
   * processes choose alike. Access lines, WARNING and above, and all lines of a request that fails or is slow are always
   * written, and so is what belongs to no request. Default 1.
   */
  readonly infoSampleRate?: number | undefined;
  /** Milliseconds for which metrics gather. Default 30,000. */
  readonly metricIntervalMs?: number | undefined;
  /** Gets the same records as JSON, whatever stdout gets. */
  readonly file?: LogFile;
  readonly clock?: Clock;
}

/** The time and the service of a metric line. */
export interface MetricOrigin {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Undefined if the logs have no service name. */
  readonly service: string | undefined;
  readonly environment: string;
}

/** All state of this package: one for each process. */
interface State {
  /** Of the metrics: those of the lines. */
  service: string | undefined;
  environment: string;
  /** Whether stdout is for programs, which gather metrics from it. */
  json: boolean;
  /** As configured. */
  level: LogLevel;
  threshold: number;
  origin: string;
  clock: Clock;
  slowRequestMs: number;
  infoSampleRate: number;
  metricIntervalMs: number;
  stdout: LogSink;
  file: FileSink | undefined;
  /** Set while a test captures. */
  capture: LogSink | undefined;
}

const state: State = { ...createState({}), capture: undefined };

let beforeFlush = (): void => undefined;

process.on('exit', () => flushLogs());

/**
 * Says how and where records are written. Before it is called, LOG_LEVEL, LOG_FORMAT and NODE_ENV decide, so that a
 * start that fails early is logged in the same form.
 */
export function configureLogging(options: LoggingOptions): void {
  flushLogs();
  state.file?.close();
  Object.assign(state, createState(options));
}

/** Something that is to be written too whenever the logs are flushed. */
export const onFlush = (write: () => void): void => void (beforeFlush = write);

/** Writes what is held: before a process ends by a signal or process.abort(); the normal exit does it by itself. */
export function flushLogs(): void {
  beforeFlush();
  state.stdout.flush();
  state.file?.flush();
}

export const isEnabled = (level: LogLevel): boolean => severity[level] >= state.threshold;

/** True where a line of the level is written, or kept until its request ends. */
export const isWrittenOrKept = (level: LogLevel): boolean =>
  isEnabled(level) || (level === 'debug' && currentRing() !== undefined);

/** True for a request whose INFO lines are written only if it fails or is slow. Where DEBUG is on, there is none. */
export const isSampledOut = (traceId: string): boolean =>
  state.infoSampleRate < 1 && isEnabled('info') && Number.parseInt(traceId.slice(-8), 16) / 2 ** 32 >= state.infoSampleRate;

export const metricIntervalMs = (): number => state.metricIntervalMs;

export const isSlow = (milliseconds: number): boolean => milliseconds > state.slowRequestMs;

/**
 * Switches DEBUG on, or back to the configured level (info where that is debug), and says so in one line at INFO, which is
 * written whatever the configured level is.
 */
export function toggleDebug(): void {
  const off = state.level === 'debug' ? 'info' : state.level;
  const on = state.threshold === severity.debug;
  const line = (fields: LogFields): void =>
    writeLine({ level: 'info', logger: 'logging', event: 'log_level_changed', scope: context.scope, fields });
  if (on) line({ from: 'debug', to: off });
  state.threshold = severity[on ? off : 'debug'];
  if (!on) line({ from: off, to: 'debug' });
}

/** Writes one record, if its level is enabled. One at DEBUG that is not is kept where a request has a ring, as is one at INFO that is sampled out. */
export function writeLine(line: RecordParts): void {
  const ring = ringOf(line.level);
  if (!ring && !isEnabled(line.level)) return;
  const text = lineText(line);
  if (ring) ring.keep(text);
  else writeText(text);
}

function ringOf(level: LogLevel): DebugRing | undefined {
  if (isEnabled('debug')) return undefined;
  if (level === 'debug') return currentRing();
  if (level !== 'info' || state.infoSampleRate >= 1) return undefined;
  const ring = currentRing();
  return ring?.sampledOut ? ring : undefined;
}

export const lineText = (line: RecordParts): string => recordText(line, timeOf(state.clock), state.origin);

/** The system's clock without a Date for each line. */
const timeOf = (clock: Clock): number => (clock === systemClock ? Date.now() : clock.now().getTime());

/** Writes a record that is text already, whatever its level. */
export function writeText(text: string): void {
  if (state.capture) return state.capture.write(text);
  state.stdout.write(text);
  state.file?.write(text);
}

/**
 * Writes records that carry metrics, whatever the level is; each of `texts` is the JSON text that makes a record one. People who read
 * stdout are spared them.
 */
export function writeMetrics(texts: (origin: MetricOrigin) => readonly string[]): void {
  const time = timeOf(state.clock);
  for (const reserved of texts({ time, service: state.service, environment: state.environment })) {
    const text = lineText({ level: 'info', logger: 'metrics', event: 'metrics_measured', reserved });
    if (state.capture || state.json) writeText(text);
    else state.file?.write(text);
  }
}

/** For tests: while it is set, `sink` gets every record from `level` up and the others get none. Returns what undoes it. */
export function redirectLines(sink: LogSink, level: LogLevel): () => void {
  const { capture, threshold } = state;
  state.capture = sink;
  state.threshold = severity[level];
  return () => Object.assign(state, { capture, threshold });
}

function createState({ env = process.env['NODE_ENV'] || 'development', ...options }: LoggingOptions) {
  const { LOG_LEVEL: levelGiven, LOG_FORMAT: formatGiven } = process.env;
  const {
    level = findLevel(levelGiven) ?? 'info',
    file,
    clock = systemClock,
    slowRequestMs = 1_000,
    infoSampleRate = 1,
    metricIntervalMs = METRIC_INTERVAL_MS,
  } = options;
  const usual = formatGiven === 'json' || (formatGiven !== 'pretty' && env === 'production') ? 'json' : 'pretty';
  const { format = usual } = options;
  const colour = supportsColour();
  const own = (event: string, fields: LogFields, thrown?: readonly [unknown]): string =>
    recordText({ level: 'warning', logger: 'logging', event, fields, thrown }, timeOf(clock), origin);
  const origin = originText({ ...options, env });
  const stdout = new StdoutSink(format === 'json' ? (line) => line : (line) => prettyText(line, colour), (count) =>
    stdout.write(own('log_lines_dropped', { count })),
  );
  return {
    service: options.service,
    environment: env,
    json: format === 'json',
    level,
    threshold: severity[level],
    origin,
    clock,
    slowRequestMs,
    infoSampleRate,
    metricIntervalMs,
    stdout,
    file: file && new FileSink(file, (error) => stdout.write(own('log_file_failed', { path: file.path }, [error]))),
  };
}

function supportsColour(): boolean {
  const { NO_COLOR: off, FORCE_COLOR: on } = process.env;
  return !off && (on ? on !== '0' : Boolean(process.stdout.isTTY));
}

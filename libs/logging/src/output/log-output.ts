import { context, systemClock, type Clock } from '@pikaia/core';
import { findLevel, severity, type LogLevel } from '../record/log-level.js';
import { originText, recordText, type RecordParts } from '../record/record-text.js';
import { currentRing, type DebugRing } from './debug-ring.js';
import { FileSink, type LogFile } from './file.sink.js';
import type { LogSink } from './log-sink.js';
import { prettyText } from './pretty.format.js';
import { parseProbePaths, ProbePaths } from './probe-paths.js';
import { StdoutSink } from './stdout.sink.js';

/** Half of the one-minute period of CloudWatch, so that each period has a value even if timers drift. */
const METRIC_INTERVAL_MS = 30_000;

export type LogFormat = 'json' | 'pretty';

export interface LoggingOptions {
  /** The lowest level that is written. Default LOG_LEVEL, else info. */
  readonly level?: LogLevel | undefined;
  /** The format on stdout. Default LOG_FORMAT, else json in production and pretty elsewhere. */
  readonly format?: LogFormat | undefined;
  /** The name of the service, such as `pikaia-api`. */
  readonly service?: string;
  /** Default NODE_ENV, else development. */
  readonly env?: string;
  readonly version?: string;
  /** Milliseconds after which a request counts as slow, so that its DEBUG lines are written. Default 1000. */
  readonly slowRequestMs?: number | undefined;
  /**
   * The share of requests, 0 to 1, whose INFO lines are written. Default 1. The trace id decides for all INFO lines of a
   * request, so that all processes decide alike. Access lines, WARNING and above, all lines of failed or slow requests, and
   * lines outside a request are always written.
   */
  readonly infoSampleRate?: number | undefined;
  /**
   * The paths of probes. A request to one of them, or to a path below, writes no access line if its status is below 400. Default
   * LOG_PROBE_PATHS, else `/health`, `/healthz`, `/livez`, `/readyz` and `/api/health`.
   */
  readonly probePaths?: readonly string[] | undefined;
  /** Milliseconds for which metric values are collected before they are printed. Default 30,000. */
  readonly metricIntervalMs?: number | undefined;
  /** A file that receives the same records, always as JSON. */
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

/** The output state of the process. */
interface State {
  /** `service` and `environment` are the dimensions of metric lines. */
  service: string | undefined;
  environment: string;
  /** True if stdout is JSON, from which programs collect metrics. */
  json: boolean;
  /** The configured level. */
  level: LogLevel;
  /** The severity of the level in force, which toggleDebug and captureLogs change. */
  threshold: number;
  origin: string;
  clock: Clock;
  slowRequestMs: number;
  infoSampleRate: number;
  probePaths: ProbePaths;
  metricIntervalMs: number;
  stdout: LogSink;
  file: FileSink | undefined;
  /** Set while a test captures the records. */
  capture: LogSink | undefined;
}

const state: State = { ...createState({}), capture: undefined };

let beforeFlush = (): void => undefined;

process.on('exit', () => flushLogs());

/**
 * Configures how and where records are written. Until it is called, LOG_LEVEL, LOG_FORMAT and NODE_ENV decide, so that an
 * early startup failure is logged in the same format.
 */
export function configureLogging(options: LoggingOptions): void {
  flushLogs();
  state.file?.close();
  Object.assign(state, createState(options));
}

/** Registers the function that runs before each flush and writes pending lines. */
export const onFlush = (writePending: () => void): void => void (beforeFlush = writePending);

/** Writes all buffered lines. Call it before a signal or process.abort() ends the process; a normal exit flushes by itself. */
export function flushLogs(): void {
  beforeFlush();
  state.stdout.flush();
  state.file?.flush();
}

export const isEnabled = (level: LogLevel): boolean => severity[level] >= state.threshold;

/** True if a line of the level is written, or kept until its request ends. */
export const isWrittenOrKept = (level: LogLevel): boolean =>
  isEnabled(level) || (level === 'debug' && currentRing() !== undefined);

/** True if the INFO lines of a request are written only if it fails or is slow. Always false while DEBUG is enabled. */
export const isSampledOut = (traceId: string): boolean =>
  state.infoSampleRate < 1 && isEnabled('info') && Number.parseInt(traceId.slice(-8), 16) / 2 ** 32 >= state.infoSampleRate;

export const isProbe = (path: string | undefined): boolean => path !== undefined && state.probePaths.include(path);

/** The level and the format in force. */
export const outputFormat = (): { readonly level: LogLevel; readonly format: LogFormat } => ({
  level: state.level,
  format: state.json ? 'json' : 'pretty',
});

export const metricIntervalMs = (): number => state.metricIntervalMs;

export const isSlow = (milliseconds: number): boolean => milliseconds > state.slowRequestMs;

/**
 * Switches the level to DEBUG, or back to the configured level. If the configured level is DEBUG, it switches to INFO. Each
 * switch writes `log_level_changed` at INFO, independent of the configured level.
 */
export function toggleDebug(): void {
  const off = state.level === 'debug' ? 'info' : state.level;
  const on = state.threshold === severity.debug;
  const line = (from: LogLevel, to: LogLevel): void =>
    writeLine({ level: 'info', logger: 'logging', event: 'log_level_changed', scope: context.scope, fields: { from, to } });
  if (on) line('debug', off);
  state.threshold = severity[on ? off : 'debug'];
  if (!on) line(off, 'debug');
}

/**
 * Writes one record if its level is enabled. Inside a request with a debug ring, the ring keeps DEBUG records that are not
 * enabled, and INFO records that are sampled out.
 */
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

/** Hot path: reads the system clock without allocating a Date. */
const timeOf = (clock: Clock): number => (clock === systemClock ? Date.now() : clock.now().getTime());

/** Writes a record that is already JSON text, independent of its level. */
export function writeText(text: string): void {
  if (state.capture) return state.capture.write(text);
  state.stdout.write(text);
  state.file?.write(text);
}

/**
 * Writes metric records, independent of the level. Each text that `texts` returns holds the metric members of one record.
 * Pretty output on stdout omits metric records; a log file receives them.
 */
export function writeMetrics(texts: (origin: MetricOrigin) => readonly string[]): void {
  const time = timeOf(state.clock);
  for (const reserved of texts({ time, service: state.service, environment: state.environment })) {
    const text = lineText({ level: 'info', logger: 'metrics', event: 'metrics_measured', reserved });
    if (state.capture || state.json) writeText(text);
    else state.file?.write(text);
  }
}

/** For tests: sends every record from `level` up to `sink` alone. Returns a function that restores the previous output. */
export function redirectLines(sink: LogSink, level: LogLevel): () => void {
  const { capture, threshold } = state;
  state.capture = sink;
  state.threshold = severity[level];
  return () => Object.assign(state, { capture, threshold });
}

function createState({ env = process.env['NODE_ENV'] || 'development', ...options }: LoggingOptions) {
  const { LOG_LEVEL: levelSetting, LOG_FORMAT: formatSetting, LOG_PROBE_PATHS: probeSetting } = process.env;
  const {
    level = findLevel(levelSetting) ?? 'info',
    file,
    clock = systemClock,
    slowRequestMs = 1_000,
    infoSampleRate = 1,
    metricIntervalMs = METRIC_INTERVAL_MS,
  } = options;
  const defaultFormat = formatSetting === 'json' || (formatSetting !== 'pretty' && env === 'production') ? 'json' : 'pretty';
  const { format = defaultFormat } = options;
  const useColor = supportsColor();
  const write = (parts: RecordParts): void => stdout.write(recordText(parts, timeOf(clock), origin));
  const origin = originText({ ...options, env });
  const stdout = new StdoutSink(format === 'json' ? (line) => line : (line) => prettyText(line, useColor), (count) =>
    write({ level: 'warning', logger: 'logging', event: 'log_lines_dropped', fields: { count } }),
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
    probePaths: new ProbePaths(options.probePaths ?? parseProbePaths(probeSetting)),
    metricIntervalMs,
    stdout,
    file:
      file &&
      new FileSink(file, (error) =>
        write({ level: 'warning', logger: 'logging', event: 'log_file_failed', fields: { path: file.path }, thrown: [error] }),
      ),
  };
}

function supportsColor(): boolean {
  const { NO_COLOR: off, FORCE_COLOR: on } = process.env;
  return !off && (on ? on !== '0' : Boolean(process.stdout.isTTY));
}

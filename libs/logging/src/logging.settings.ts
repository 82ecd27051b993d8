import { IsIn, IsInt, IsNumber, Matches, Max, Min, ValidateBy } from 'class-validator';
import { ConvertText, OptionalField, parseCorrelationHosts, Setting } from '@pikaia/core';
import type { LoggingModuleOptions } from './nest/logging.module.js';
import type { LogFormat } from './output/log-output.js';
import { DEFAULT_PROBE_PATHS, parseProbePaths } from './output/probe-paths.js';
import { LOG_LEVELS, type LogLevel } from './record/log-level.js';

const lowerCase = ConvertText((text) => text.toLowerCase());

const IsCorrelationHosts = (): PropertyDecorator =>
  ValidateBy({
    name: 'isCorrelationHosts',
    validator: {
      validate: (value: unknown) => problemOfHosts(value) === undefined,
      defaultMessage: (given) => `must be a list of hosts: ${problemOfHosts(given?.value)}`,
    },
  });

function problemOfHosts(value: unknown): string | undefined {
  try {
    parseCorrelationHosts(String(value));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

export class LoggingSettings {
  @Setting('LOG_LEVEL', { about: 'lowest level that is written: debug, info, warning, error or critical', default: 'info' })
  @lowerCase
  @IsIn(LOG_LEVELS)
  logLevel!: LogLevel;

  @Setting('LOG_FORMAT', { about: 'json or pretty; default json in production, pretty elsewhere' })
  @OptionalField()
  @lowerCase
  @IsIn(['json', 'pretty'])
  logFormat?: LogFormat;

  @Setting('LOG_SLOW_REQUEST_MS', {
    about: 'milliseconds after which a request counts as slow; a slow or failed request also writes its DEBUG lines',
    default: '1000',
  })
  @IsInt()
  @Min(1)
  logSlowRequestMs!: number;

  @Setting('LOG_INFO_SAMPLE_RATE', {
    about: 'share of requests, 0 to 1, whose INFO lines are written; access lines and failed or slow requests are always written',
    default: '1',
    fraction: true,
  })
  @IsNumber()
  @Min(0)
  @Max(1)
  logInfoSampleRate!: number;

  @Setting('LOG_PROBE_PATHS', {
    about:
      'paths of probes, separated by commas, or none; a request to them or below writes no access line if its status is below 400',
    default: DEFAULT_PROBE_PATHS,
  })
  @Matches(/^(none|\s*\/[^\s,?#]*\s*(,\s*\/[^\s,?#]*\s*)*)$/, { message: '$property must be paths that begin with /, or none' })
  logProbePaths!: string;

  @Setting('LOG_CORRELATION_HOSTS', {
    about:
      'hosts that get the correlation id of outgoing requests, besides loopback, such as api.example.com,*.internal.example.com; other hosts never get it',
  })
  @OptionalField()
  @IsCorrelationHosts()
  logCorrelationHosts?: string;

  @Setting('METRIC_INTERVAL_MS', {
    about:
      'milliseconds for which metric values are collected before they are printed; default half of the one-minute CloudWatch period',
    default: '30000',
  })
  @IsInt()
  @Min(100)
  metricIntervalMs!: number;
}

/** Converts the settings to options for configureLogging and LoggingModule.forRoot. */
export const loggingOptions = (settings: LoggingSettings) =>
  ({
    level: settings.logLevel,
    format: settings.logFormat,
    slowRequestMs: settings.logSlowRequestMs,
    infoSampleRate: settings.logInfoSampleRate,
    probePaths: parseProbePaths(settings.logProbePaths),
    metricIntervalMs: settings.metricIntervalMs,
    correlationHosts: settings.logCorrelationHosts ?? '',
  }) satisfies LoggingModuleOptions;

import { loadSettings } from '@pikaia/core';
import { LoggingSettings } from './logging.settings.js';

describe('LoggingSettings', () => {
  it('sets default values, and no format', () => {
    expect(loadSettings([LoggingSettings], {})[0]).toEqual({
      logLevel: 'info',
      logSlowRequestMs: 1_000,
      logInfoSampleRate: 1,
      logProbePaths: '/health,/healthz,/livez,/readyz,/api/health',
      metricIntervalMs: 30_000,
    });
  });

  it('accepts level and format in upper and lower case', () => {
    expect(loadSettings([LoggingSettings], { LOG_LEVEL: 'Warning', LOG_FORMAT: 'JSON' })[0]).toEqual({
      logLevel: 'warning',
      logFormat: 'json',
      logSlowRequestMs: 1_000,
      logInfoSampleRate: 1,
      logProbePaths: '/health,/healthz,/livez,/readyz,/api/health',
      metricIntervalMs: 30_000,
    });
  });

  it.each(['0', 'soon', '1.5'])('rejects %j as LOG_SLOW_REQUEST_MS', (text) => {
    expect(() => loadSettings([LoggingSettings], { LOG_SLOW_REQUEST_MS: text })).toThrow(/LOG_SLOW_REQUEST_MS/);
  });

  it.each(['health', '/a b', '/a,b', 'None', '/a?b'])('rejects %j as LOG_PROBE_PATHS', (text) => {
    expect(() => loadSettings([LoggingSettings], { LOG_PROBE_PATHS: text })).toThrow(/LOG_PROBE_PATHS/);
  });

  it.each(['none', '/', '/up, /ping'])('accepts %j as LOG_PROBE_PATHS', (text) => {
    expect(loadSettings([LoggingSettings], { LOG_PROBE_PATHS: text })[0].logProbePaths).toBe(text);
  });

  it.each(['https://api.example.com', 'api.example.com:443', '*', 'a,,b'])('rejects %j as LOG_CORRELATION_HOSTS', (text) => {
    expect(() => loadSettings([LoggingSettings], { LOG_CORRELATION_HOSTS: text })).toThrow(
      /LOG_CORRELATION_HOSTS is .*: it must be a list of hosts: .* which is not a host\. Give host names without scheme, port and path/,
    );
  });

  it.each(['-0.1', '1.1', 'half'])('rejects %j as LOG_INFO_SAMPLE_RATE', (text) => {
    expect(() => loadSettings([LoggingSettings], { LOG_INFO_SAMPLE_RATE: text })).toThrow(/LOG_INFO_SAMPLE_RATE/);
  });
});

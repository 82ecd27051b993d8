import { loadSettings } from '@pikaia/core';
import { LoggingSettings } from './logging.settings.js';

describe('LoggingSettings', () => {
  it('has a level by default and leaves the format to the environment', () => {
    expect(loadSettings([LoggingSettings], {})[0]).toEqual({
      logLevel: 'info',
      logSlowRequestMs: 1_000,
      logInfoSampleRate: 1,
      metricIntervalMs: 30_000,
    });
  });

  it('reads both in any case', () => {
    expect(loadSettings([LoggingSettings], { LOG_LEVEL: 'Warning', LOG_FORMAT: 'JSON' })[0]).toEqual({
      logLevel: 'warning',
      logFormat: 'json',
      logSlowRequestMs: 1_000,
      logInfoSampleRate: 1,
      metricIntervalMs: 30_000,
    });
  });

  it.each(['0', 'soon', '1.5'])('refuses %j milliseconds for a slow request', (text) => {
    expect(() => loadSettings([LoggingSettings], { LOG_SLOW_REQUEST_MS: text })).toThrow(/LOG_SLOW_REQUEST_MS/);
  });

  it.each(['-0.1', '1.1', 'half'])('refuses %j for the share of requests', (text) => {
    expect(() => loadSettings([LoggingSettings], { LOG_INFO_SAMPLE_RATE: text })).toThrow(/LOG_INFO_SAMPLE_RATE/);
  });
});

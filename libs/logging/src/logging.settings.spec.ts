import { loadSettings } from '@pikaia/core';
import { LoggingSettings } from './logging.settings.js';

describe('LoggingSettings', () => {
  it('has a level by default and leaves the format to the environment', () => {
    expect(loadSettings([LoggingSettings], {})[0]).toEqual({ logLevel: 'info' });
  });

  it('reads both in any case', () => {
    expect(loadSettings([LoggingSettings], { LOG_LEVEL: 'Warning', LOG_FORMAT: 'JSON' })[0]).toEqual({
      logLevel: 'warning',
      logFormat: 'json',
    });
  });
});

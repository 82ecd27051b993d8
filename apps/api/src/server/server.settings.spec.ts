import { loadSettings } from '@pikaia/core';
import { ServerSettings } from './server.settings.js';

const load = (environment: Record<string, string>): ServerSettings => loadSettings([ServerSettings], environment)[0];

describe('ServerSettings', () => {
  const { NODE_ENV: environment } = process.env;
  afterEach(() => {
    process.env['NODE_ENV'] = environment;
  });

  it('reads the origins of CORS_ORIGINS, and allows none without it', () => {
    expect(load({ CORS_ORIGINS: ' https://a.example , http://localhost:5173' }).allowedOrigins).toEqual([
      'https://a.example',
      'http://localhost:5173',
    ]);
    expect(load({}).allowedOrigins).toEqual([]);
    expect(load({ CORS_ORIGINS: '*' }).allowedOrigins).toEqual(['*']);
  });

  it.each([
    'https://a.example/',
    'https://a.example:443',
    'https://A.example',
    'https://münchen.example',
    'https://*.a.example',
    'a.example',
    'null',
    'ftp://a.example',
    'https://user@a.example',
    'https://a.example,',
    '*,https://a.example',
  ])('refuses a value of CORS_ORIGINS that is not a list of exact origins: %s', (CORS_ORIGINS) => {
    expect(() => load({ CORS_ORIGINS })).toThrow(/CORS_ORIGINS is .*must be/);
  });

  it('refuses CORS_ORIGINS=* in production', () => {
    process.env['NODE_ENV'] = 'production';
    expect(() => load({ CORS_ORIGINS: '*' })).toThrow(/must name each origin in production/);
  });

  it('requires TLS of browsers for a year in production, and not elsewhere, unless HSTS_MAX_AGE_SECONDS is set', () => {
    expect(load({}).hstsSeconds).toBe(0);
    process.env['NODE_ENV'] = 'production';
    expect(load({}).hstsSeconds).toBe(31_536_000);
    expect(load({ HSTS_MAX_AGE_SECONDS: '0' }).hstsSeconds).toBe(0);
  });
});

import { loadSettings } from '@pikaia/core';
import { OutboxSettings } from './outbox.settings.js';

const sinksOf = (value: string): string => loadSettings([OutboxSettings], { EVENT_SINKS: value })[0].eventSinks;

describe('EVENT_SINKS', () => {
  it.each(['local', 'local, eventbridge', 's3', 'my-webhook,local', 'partners/acme-2'])('accepts "%s"', (value) => {
    expect(sinksOf(value)).toBe(value);
  });

  it.each(['Webhook', 'local,', 'local;s3', '-s3', 's3-', 'my--webhook'])('refuses "%s"', (value) => {
    expect(() => sinksOf(value)).toThrow('EVENT_SINKS');
  });
});

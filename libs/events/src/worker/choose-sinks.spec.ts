import { ScriptedSink } from '../../../../test/support/outbox/scripted-sink.js';
import { chooseSinks } from './choose-sinks.js';

describe('chooseSinks', () => {
  const factories = {
    local: () => [new ScriptedSink('local/a'), new ScriptedSink('local/b')],
    bus: () => Promise.resolve([new ScriptedSink('bus')]),
  };

  it('creates the sinks of each name once', async () => {
    const sinks = await chooseSinks('bus, local,bus', factories);
    expect(sinks.map(({ name }) => name)).toEqual(['bus', 'local/a', 'local/b']);
  });

  it.each(['post', 'local,toString', ''])('refuses "%s" and names the available sinks', async (names) => {
    await expect(chooseSinks(names, factories)).rejects.toThrow(
      expect.objectContaining({
        code: 'PIKAIA_EVENT_SINK_UNKNOWN',
        message: expect.stringContaining('Available sinks: local, bus.'),
      }),
    );
  });
});

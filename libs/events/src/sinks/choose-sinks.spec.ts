import { ScriptedSink } from '../../../../test/support/scripted-sink.js';
import { chooseSinks } from './choose-sinks.js';

describe('chooseSinks', () => {
  const factories = {
    local: () => [new ScriptedSink('local/a'), new ScriptedSink('local/b')],
    bus: () => [new ScriptedSink('bus')],
  };

  it('makes the sinks behind each name, once', () => {
    expect(chooseSinks('bus, local,bus', factories).map(({ name }) => name)).toEqual(['bus', 'local/a', 'local/b']);
  });

  it.each(['post', 'local,toString', ''])('refuses "%s", naming those that exist', (names) => {
    expect(() => chooseSinks(names, factories)).toThrow(
      expect.objectContaining({ code: 'PIKAIA_EVENT_SINK_UNKNOWN', message: expect.stringContaining('There are: local, bus.') }),
    );
  });
});

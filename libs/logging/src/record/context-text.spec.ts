import { context } from '@pikaia/core';
import { getLogger } from '../logger.js';
import { captureLogs } from '../testing/index.js';

describe('contextText', () => {
  it('writes the trace and span of a traceparent in the form of Datadog: 64 bits, decimal, as strings', () => {
    using logs = captureLogs();
    const traceParent = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', parentId: 'ffffffffffffffff' };
    context.run({ traceParent }, () =>
      getLogger('spec').info('something_happened', { 'dd.trace_id': 'forged', dd: { span_id: 1 } }),
    );
    context.run({}, () => getLogger('spec').info('something_happened'));
    expect(logs.records[0]).toMatchObject({
      'dd.trace_id': '11803532876627986230',
      'dd.span_id': '18446744073709551615',
      'extra.dd.trace_id': 'forged',
      'extra.dd': { span_id: 1 },
    });
    expect(Object.keys(logs.records[1]!).filter((key) => key.startsWith('dd.'))).toEqual([]);
  });
});

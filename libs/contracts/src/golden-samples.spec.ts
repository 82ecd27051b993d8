import { findGoldenSampleProblems } from '@pikaia/events/testing';
import { resolve } from 'node:path';
import './index.js';

describe('the old versions of our events', () => {
  it('have golden samples, which are read as before', async () => {
    expect(await findGoldenSampleProblems(resolve(__dirname, '../../../contracts'))).toEqual([]);
  });
});

import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The environment of the Node processes that tests start. They share their compiled code, so all but the first start faster. */
export const CHILD_ENVIRONMENT = {
  PATH: process.env['PATH'],
  NODE_COMPILE_CACHE: join(tmpdir(), 'pikaia-compile-cache'),
};

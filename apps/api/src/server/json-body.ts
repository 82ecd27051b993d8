import type { FastifyInstance } from 'fastify';
import { Problem } from '../errors/problem.js';

/**
 * Makes JSON the only accepted request body. A body of zero bytes counts as absent, because clients send `Content-Type` also with
 * requests that have no body. A route that needs a body then reports it.
 */
export function acceptJsonBodies(instance: FastifyInstance): void {
  const parseJson = instance.getDefaultJsonParser('error', 'error');
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    if (bytes.length === 0) {
      done(null);
      return;
    }
    const text = bytes.toString();
    void parseJson(request, text, (error, body) => (error ? done(problemOf(text)) : done(null, body)));
  });
}

/** The parser refuses text that is not JSON, and keys that could change the prototype of an object. */
function problemOf(text: string): Problem {
  try {
    JSON.parse(text);
  } catch {
    return Problem.badRequest('The request body is not valid JSON.');
  }
  return Problem.badRequest('The request body must not contain the key "__proto__", or "constructor" with the key "prototype".');
}

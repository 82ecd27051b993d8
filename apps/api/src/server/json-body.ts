import type { FastifyInstance } from 'fastify';
import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { Problem } from '../errors/problem.js';

const CHARSET = /;\s*charset\s*=\s*"?([^";]*?)"?\s*(?:;|$)/i;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The provider whose webhook the route receives. The handler gets the bytes of the body, which the signature covers. */
    webhook?: string;
  }
}

/**
 * Makes JSON the only accepted request body. A body of zero bytes counts as absent, whatever its type, because clients send
 * `Content-Type` also with requests that have no body. A route that needs a body then reports it. The route of a
 * webhook gets the bytes of the JSON.
 */
export function acceptJsonBodies(instance: FastifyInstance): void {
  const parseJson = instance.getDefaultJsonParser('error', 'error');
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    if (bytes.length === 0) {
      done(null);
      return;
    }
    if (!isPlainUtf8(request.headers)) {
      done(Problem.unsupportedBody());
      return;
    }
    if (request.routeOptions.config.webhook !== undefined) {
      done(null, bytes);
      return;
    }
    if (!isUtf8(bytes)) {
      done(Problem.badRequest('The request body is not valid UTF-8.')); // decoding would replace the bytes by U+FFFD
      return;
    }
    const text = bytes.toString();
    void parseJson(request, text, (error, body) => (error ? done(problemOf(text)) : done(null, body)));
  });
  instance.addContentTypeParser('*', (request, body, done) => {
    if (request.is404 || Number(request.headers['content-length']) > 0) {
      done(request.is404 ? null : Problem.unsupportedBody());
      return;
    }
    const onData = () => finish(Problem.unsupportedBody()); // the first bytes decide; Node discards the others
    const onEnd = () => finish(null);
    const finish = (error: Error | null) => {
      body.off('data', onData).off('end', onEnd).off('error', finish);
      done(error);
    };
    body.on('data', onData).on('end', onEnd).on('error', finish);
  });
}

/** True if the headers announce UTF-8 without compression, or nothing. JSON has no other encoding (RFC 8259 section 8.1). */
function isPlainUtf8({ 'content-type': type = '', 'content-encoding': encoding = 'identity' }: IncomingHttpHeaders): boolean {
  const charset = CHARSET.exec(type)?.[1];
  return encoding.toLowerCase() === 'identity' && (charset === undefined || /^utf-?8$/i.test(charset));
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

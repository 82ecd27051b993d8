/** What a sink sends of an event. */
interface Sent {
  readonly payload: string;
  readonly position: string;
  /** The replay that sends it again. */
  readonly replayed?: string;
}

/**
 * The envelope's text as it is sent: what was stored, byte for byte, with `sequence` and, in a replay, `replayed` added at
 * its end. Nothing is parsed, so that numbers and the order of keys stay as they are.
 *
 * @throws Error when the payload is no JSON object by its looks.
 */
export function sentText({ payload, position, replayed }: Sent): string {
  const end = payload.trimEnd();
  if (!/^\s*\{/.test(payload) || !end.endsWith('}')) throw new Error('The payload is no JSON object, so no envelope.');
  const body = end.slice(0, -1).trimEnd();
  const separator = body.endsWith('{') ? '' : ',';
  const mark = replayed === undefined ? '' : `,"replayed":${JSON.stringify(replayed)}`;
  return `${body}${separator}"sequence":${JSON.stringify(position)}${mark}}`;
}

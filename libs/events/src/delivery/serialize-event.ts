/** The part of an event that a sink sends. */
interface SentEvent {
  readonly payload: string;
  readonly position: string;
  /** Id of the replay that sends the event. */
  readonly replayed?: string;
}

/**
 * Returns the text of the envelope as it is sent: the stored text, byte for byte, with `sequence` appended. A replay also
 * appends `replayed`. The text is not parsed, so numbers and the order of keys do not change.
 *
 * @throws Error if the payload does not look like a JSON object.
 */
export function serializeEvent({ payload, position, replayed }: SentEvent): string {
  const end = payload.trimEnd();
  if (!/^\s*\{/.test(payload) || !end.endsWith('}'))
    throw new Error('The payload is not a JSON object, so it is not an envelope.');
  const body = end.slice(0, -1).trimEnd();
  const separator = body.endsWith('{') ? '' : ',';
  const mark = replayed === undefined ? '' : `,"replayed":${JSON.stringify(replayed)}`;
  return `${body}${separator}"sequence":${JSON.stringify(position)}${mark}}`;
}

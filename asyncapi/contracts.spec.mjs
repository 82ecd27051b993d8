// npm run asyncapi:check: checks contracts/asyncapi.json with the official parser of AsyncAPI.
import { Parser } from '@asyncapi/parser';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const text = readFileSync(new URL('../contracts/asyncapi.json', import.meta.url), 'utf8');

/** Returns the document and its problems: errors, and warnings about missing parts. */
async function parse(source) {
  const { document, diagnostics } = await new Parser().parse(source);
  return {
    document,
    problems: diagnostics.map(({ code, message, path, severity }) => ({ code, message, path: path.join('.'), severity })),
  };
}

const isError = ({ severity }) => severity === 0;

test('the AsyncAPI document is valid', async () => {
  const { document, problems } = await parse(text);
  assert.deepEqual(problems.filter(isError), []);
  assert.equal(document.version(), '3.0.0');
});

test('the document names the producer, the consumer and the example of an event', async () => {
  const { document } = await parse(text);
  const operations = document.operations().all();
  const find = (action, id) => operations.find((each) => each.id() === id && each.action() === action);
  const sent = find('send', 'api.sends.member.invited');
  assert.deepEqual(
    sent
      .channels()
      .all()
      .map((channel) => channel.address()),
    ['member.invited'],
  );
  assert.ok(find('receive', 'welcome-email.receives.member.invited'));
  const [message] = sent.messages().all();
  assert.equal(message.name(), 'member.invited');
  assert.equal(message.examples().all()[0].payload().event_type, 'member.invited');
  assert.deepEqual(message.payload().property('data').required(), ['email', 'role', 'organization_name', 'invited_by']);
});

test('the parser finds an unknown action, and a reference that leads nowhere', async () => {
  const wrong = JSON.parse(text);
  wrong.operations['api.sends.member.invited'].action = 'publish';
  assert.ok((await parse(JSON.stringify(wrong))).problems.some(isError));
  const lost = JSON.parse(text);
  delete lost.components.schemas['member.invited.v1'];
  assert.ok((await parse(JSON.stringify(lost))).problems.some(isError));
});

import { Type, type Static } from 'typebox';
import { Count, Fields, ListOf, OneOf, Text } from '../openapi/schemas.js';
import type { InvitationResult } from './bulk-invitations.service.js';
import { MAX_INVITATIONS } from './member.requests.js';
import { invitationView, InvitationView } from './member.views.js';

/** The body of a request with many invitations. A field that is absent or not valid makes the api refuse that invitation alone. */
export const BulkInviteSchema = Fields(
  {
    invitations: Type.Array(
      Type.Object({
        email: Type.Optional(Text('The email address. Mail must be able to reach it.', 'bob@example.com')),
        name: Type.Optional(Text('The name of the person. If absent, a pending invitation keeps its name.', 'Bob')),
        role: Type.Optional(Text('The role that the person will have: `member` or `admin`.', 'member')),
      }),
      {
        minItems: 1,
        maxItems: MAX_INVITATIONS,
        description: 'Invitations as `POST /members/invitations` takes one. One that is not valid is refused alone.',
      },
    ),
  },
  { $id: 'BulkInviteRequest' },
);

const InvitationProblem = Fields(
  {
    type: Text('The type of the problem, as in a response with problem details.', 'urn:pikaia:problem:conflict'),
    title: Text('A short summary of the type.', 'Conflict with the current state'),
    status: Count('The status that a request for this invitation alone would get.', 409),
    detail: Text('Why the person was not invited.', 'This person is a member already.'),
    errors: Type.Optional(
      ListOf(
        Fields({
          field: Text('The field that is not valid.', 'email'),
          message: Text('A sentence that names the field.', 'email is required'),
        }),
        'The fields of the invitation that are not valid.',
      ),
    ),
  },
  { $id: 'InvitationProblem' },
);

const Invited = Fields({
  result: OneOf('`created`: the person was invited. `resent`: a pending invitation was sent again.', ['created', 'resent']),
  invitation: InvitationView,
});
const Refused = Fields({ result: OneOf('The person was not invited.', ['refused']), problem: InvitationProblem });

export const InvitationResults = Fields({
  data: ListOf(Type.Union([Invited, Refused]), 'One result for each invitation, in the order of the request.'),
});

type ResultView = Static<typeof Invited> | Static<typeof Refused>;

export function invitationResultView(one: InvitationResult): ResultView {
  if (one.result !== 'refused') return { result: one.result, invitation: invitationView(one.member) };
  const { type, title, status, detail, errors } = one.problem;
  return { result: one.result, problem: { type, title, status, detail, ...(errors.length > 0 && { errors: [...errors] }) } };
}

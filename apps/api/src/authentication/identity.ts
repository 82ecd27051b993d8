import type { Role } from '@pikaia/contracts';

/** Who makes the request, read from the database with the request: what a token said yesterday does not count. */
export type Identity = MemberIdentity | OperatorIdentity;

interface Person {
  readonly userId: string;
  readonly email: string;
  readonly name: string | null;
}

export interface MemberIdentity extends Person {
  readonly kind: 'member';
  readonly memberId: string;
  readonly role: Role;
  readonly organizationId: string;
}

export interface OperatorIdentity extends Person {
  readonly kind: 'operator';
}

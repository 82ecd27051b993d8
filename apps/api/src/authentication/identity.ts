import type { Role } from '@pikaia/contracts';

/** The caller of a request. It is read from the database for each request, so a token cannot carry an outdated role. */
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

interface OperatorIdentity extends Person {
  readonly kind: 'operator';
  /** A viewer reads what an operator reads, and changes nothing. */
  readonly role: 'operator' | 'viewer';
}

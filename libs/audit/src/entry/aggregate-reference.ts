/** Identifies the aggregate that an action changed. Pass one to `record` where no entity with `@AuditedEntity` is at hand. */
export interface AggregateReference<Type extends string = string> {
  readonly type: Type;
  readonly id: string;
  /** The user id of the person whom the aggregate is about. */
  readonly subject?: string;
  /** The name that readers see. It is stored only together with `subject`, and removed when that person is erased. */
  readonly label?: string;
}

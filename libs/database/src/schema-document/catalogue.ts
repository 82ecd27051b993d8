export interface Relation {
  oid: number;
  schema: string;
  name: string;
  /** `r` table, `p` partitioned table, `v` view, `S` sequence. */
  kind: 'r' | 'p' | 'v' | 'S';
  comment: string | null;
  secured: boolean;
  partitioned: string | null;
  parent: number | null;
  partitions: number;
}
interface RelationPart {
  relation: number;
  name: string;
}
export interface Catalogue {
  relations: Relation[];
  columns: (RelationPart & { type: string; required: boolean; default: string | null; comment: string | null })[];
  indexes: (RelationPart & { definition: string; comment: string | null; is_primary: boolean })[];
  constraints: (RelationPart & { definition: string })[];
  triggers: (RelationPart & { definition: string; enabled: string })[];
  policies: (RelationPart & { command: string; using: string | null; checked: string | null; roles: string[] })[];
  grants: { relation: number; role: string; privilege: string; columns: string[] | null }[];
  functions: {
    schema: string;
    name: string;
    arguments: string;
    result: string;
    definer: boolean;
    comment: string | null;
    callers: string[];
  }[];
  eventTriggers: { name: string; event: string; function: string; enabled: string }[];
}

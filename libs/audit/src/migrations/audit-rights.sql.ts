import type { RoleNames } from '@pikaia/database';

/**
 * Two layers keep the log append-only: grants stop the application, and triggers stop mistakes of the owner. The triggers are
 * ENABLE ALWAYS, so `session_replication_role = replica` does not disable them.
 *
 * Row-level security is the second line of defense behind the queries. Each role has one policy for each command, because
 * PostgreSQL combines several with OR and then scans the whole index. Row-level security is not forced: with it, the definer
 * functions of the owner would find no rows and report no error.
 */
export const auditRights = ({ api, worker, auditOperator }: RoleNames): string => `
grant usage on schema audit to ${api}, ${worker}, ${auditOperator};
grant insert (id, organization_id, action, aggregate_type, aggregate_id, actor_type, actor_id, correlation_id, entry, entry_hash, changed)
  on audit.record to ${api}, ${worker};  -- never txid and created_at
grant insert (record_id, subject_id, organization_id, salt, fields) on audit.personal to ${api}, ${worker};
grant select on audit.record, audit.personal to ${api}, ${worker}, ${auditOperator};
grant select on audit.erased_subject to ${worker};
grant execute on function audit.current_organization to ${api};
grant execute on function audit.readable to ${api}, ${auditOperator};
grant execute on function audit.mark_erased, audit.erase to ${worker};

do $$ declare name text; begin
  foreach name in array array['record', 'personal'] loop
    execute format('create trigger refuse_row before update or delete on audit.%I for each row execute function audit.refuse()', name);
    execute format('create trigger refuse_truncate before truncate on audit.%I for each statement execute function audit.refuse()', name);
    execute format('alter table audit.%I enable always trigger refuse_row, enable always trigger refuse_truncate, enable row level security', name);
    execute format('create policy api_select on audit.%I for select to ${api} using (organization_id = audit.current_organization())', name);
    execute format('create policy api_insert on audit.%I for insert to ${api} with check (true)', name);
    execute format('create policy worker_select on audit.%I for select to ${worker} using (true)', name);
    execute format('create policy worker_insert on audit.%I for insert to ${worker} with check (true)', name);
    execute format('create policy operator_select on audit.%I for select to ${auditOperator} using (true)', name);
  end loop;
end $$;
`;

export const auditViewRights = ({ api, auditOperator }: RoleNames): string => `
grant select on public.events_auditlog to ${api}, ${auditOperator};
`;

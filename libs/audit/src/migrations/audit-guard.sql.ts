/**
 * Refuses DDL on objects of schema audit, unless the transaction has executed `set local audit.migrating = 'yes'`. The guard
 * does not see grant and revoke. It is in schema public: inside schema audit, `drop schema audit cascade` would remove the
 * function and its triggers before they fire.
 *
 * Event triggers require a superuser (or rds_superuser). Without one, the migration raises a notice and continues.
 */
export const auditGuard = `
create function public.pikaia_audit_guard() returns event_trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  hit boolean;
begin
  if current_setting('audit.migrating', true) = 'yes' then return; end if;
  if tg_event = 'sql_drop' then  -- dropped objects do not appear in ddl_command_end
    select bool_or(address_names[1] = 'audit') into hit from pg_event_trigger_dropped_objects();
  else                           -- a trigger or policy has no schema_name, only an identity: "api_select on audit.record"
    select bool_or(coalesce(schema_name, object_identity) ~ '(^| on )audit(\\.|$)') into hit from pg_event_trigger_ddl_commands();
  end if;
  if hit then raise '% on schema audit is refused', tg_tag using errcode = '42501'; end if;
end $$;
comment on function public.pikaia_audit_guard is 'Refuses DDL on schema audit outside of a migration that announces itself';

do $$ begin
  create event trigger pikaia_audit_guard on ddl_command_end execute function public.pikaia_audit_guard();
  alter event trigger pikaia_audit_guard enable always;
  create event trigger pikaia_audit_guard_drop on sql_drop execute function public.pikaia_audit_guard();
  alter event trigger pikaia_audit_guard_drop enable always;
exception when insufficient_privilege then
  raise notice 'event_triggers_missing: %', sqlerrm;
end $$;
`;

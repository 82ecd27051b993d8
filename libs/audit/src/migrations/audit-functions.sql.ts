/**
 * The functions that refuse changes, return the reader's organization, and erase the values of a person. Erasure has no other
 * way. Definer functions pin their search_path. `alter default privileges` has revoked their execution from public.
 */
export const auditFunctions = `
create function audit.refuse() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if tg_table_name = 'personal' and tg_op = 'DELETE' then  -- nested: plpgsql plans the whole expression, \`and\` does not shield old.subject_id
    if current_setting('audit.erasing', true) = old.subject_id then return old; end if;
  end if;
  raise '% on audit.% is refused', tg_op, tg_table_name using errcode = '42501';
end $$;
comment on function audit.refuse is 'Refuses what changes or removes rows; a delete of personal values passes only inside audit.erase';

create function audit.current_organization() returns text language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  organization text := current_setting('audit.organization', true);  -- '' after a \`set local\` on a reused connection
begin
  if organization is null or organization = '' then
    raise 'audit.organization is not set' using errcode = '42501';  -- it must not read as "no rows"
  end if;
  return organization;
end $$;
comment on function audit.current_organization is 'The organization whose records this transaction may read; fails when none is set';

create function audit.mark_erased(subject text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into audit.erased_subject (subject_id) values (subject) on conflict do nothing;
end $$;
comment on function audit.mark_erased is 'First step of an erasure, committed before the second: whoever writes later sees the mark';

create function audit.erase(subject text) returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  removed bigint;
begin
  if not exists (select from audit.erased_subject where subject_id = subject) then
    raise 'subject is not marked as erased' using errcode = '55000';
  end if;
  perform set_config('audit.erasing', subject, true);  -- what audit.refuse lets through
  delete from audit.personal where subject_id = subject;
  get diagnostics removed = row_count;
  perform set_config('audit.erasing', '', true);
  if exists (select from audit.personal where subject_id = subject) then raise 'rows of the subject remain'; end if;
  return removed;
end $$;
comment on function audit.erase is 'Removes the personal values of a marked subject from all records, and says how many rows went';

create function audit.readable(record uuid, diff jsonb, side text) returns table (value jsonb) language sql stable
begin atomic
  select case jsonb_typeof(diff -> side)
    when 'object' then coalesce(jsonb_object_agg(f.key, coalesce(p.fields -> side -> f.key, f.value)), '{}')
    else diff -> side end
  from jsonb_each(case jsonb_typeof(diff -> side) when 'object' then diff -> side end) f
  left join audit.personal p on p.record_id = record and jsonb_typeof(f.value) = 'object'
    and p.subject_id = f.value ->> 'personal' and p.fields -> side ? f.key;
end;
comment on function audit.readable is 'One side of a diff: where the entry says {"personal": subject}, that subject''s value while it is there; nothing else can be replaced. Always one row';
`;

/**
 * The view of the source document. It is in schema public, so that its unqualified name resolves. It is a security invoker
 * view, so the policies of the reader apply. The view ignores the personal row of a subject that the entry does not name. If an
 * entry has several subjects, actor_email, ip_address and user_agent come from the row of the actor.
 */
export const auditView = `
create view public.events_auditlog with (security_invoker = true) as
  select r.id, r.action, r.aggregate_type, r.aggregate_id, r.organization_id, r.actor_id, a.actor_email, r.correlation_id,
    jsonb_build_object('old', o.value, 'new', n.value) as diff, a.ip_address, a.user_agent, r.created_at
  from audit.record r
  left join lateral (  -- offset 0: parsed once, not at each use
    select r.entry::jsonb -> 'diff' as diff, r.entry::jsonb -> 'personal' as personal offset 0) e on true
  left join lateral (
    select p.fields ->> 'actor_email' as actor_email, p.fields ->> 'ip_address' as ip_address, p.fields ->> 'user_agent' as user_agent
    from audit.personal p
    where p.record_id = r.id and p.subject_id = r.actor_id and e.personal ? p.subject_id) a on true
  left join lateral audit.readable(r.id, e.diff, 'old') o on true
  left join lateral audit.readable(r.id, e.diff, 'new') n on true;
comment on view public.events_auditlog is 'The audit log in plain words: personal values filled in while they exist';
`;

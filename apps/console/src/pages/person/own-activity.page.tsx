import { api, read } from '../../api/client.js';
import { FilterForm } from '../../components/filter-form.js';
import { ListState } from '../../components/list-state.js';
import { Empty } from '../../components/states.js';
import { usePageTitle } from '../../components/use-page-title.js';
import { reasonAgainst } from '../../session/access.js';
import { useMe } from '../../session/session.js';
import { useFilteredPages } from '../../url/filtered-pages.js';
import { activityQuery, OWN_FIELDS, OWN_NAMES } from './activity-filters.js';
import { ActivityList, type Activity } from './activity-list.js';

/** Shows the person of the session what they did, and what was done to them. */
export default function OwnActivityPage() {
  usePageTitle('Your activity');
  const { data: me } = useMe();
  const { filters, change, query } = useFilteredPages<Activity, (typeof OWN_NAMES)[number]>(
    'own-activity',
    OWN_NAMES,
    (parameters, signal) => read(api.GET('/api/v1/me/activity', { params: { query: activityQuery(parameters) }, signal })),
  );
  if (typeof me !== 'object') return null;
  return (
    <article>
      <header className="page-head">
        <h1>Your activity</h1>
        <p className="meta">In all organizations in which you are active. Newest first.</p>
      </header>
      <section aria-labelledby="activity">
        <h2 id="activity">What did you do, and what was done to you?</h2>
        <FilterForm label="Filters of your activity" fields={OWN_FIELDS} filters={filters} onChange={change} />
        <ListState
          what="activity"
          query={query}
          empty={<Empty title={Object.keys(filters).length ? 'No activity matches the filters.' : 'Nothing was recorded yet.'} />}
        >
          <ActivityList
            items={query.items ?? []}
            canOpen={({ organization_id: organization }) =>
              reasonAgainst(me) === undefined && (me.organization_id === null || me.organization_id === organization)
            }
          />
        </ListState>
      </section>
    </article>
  );
}

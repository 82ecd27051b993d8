import { Link } from 'wouter';
import { Facts } from '../../components/facts.js';
import { Json } from '../../components/json.js';
import { ProblemState, StaleNotice } from '../../components/problem.js';
import { EmptyPage, Loading } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { Table } from '../../components/table.js';
import { usePageTitle } from '../../components/use-page-title.js';
import { fieldsOf } from './schema-fields.js';
import { useContracts, type Contract } from './use-contracts.js';
import '../../styles/contracts.css';

type Version = Contract['versions'][number];

/** The contract of one event type: what its versions contain, who publishes it and who receives it. */
export default function ContractPage({ type }: { readonly type: string }) {
  const { data, error, refetch } = useContracts();
  usePageTitle(type);
  if (!data) return error ? <ProblemState error={error} onRetry={() => void refetch()} /> : <Loading what="the contract" />;
  const contract = data.find((one) => one.type === type);
  if (!contract) return <NothingFound type={type} />;
  const { versions } = contract;
  return (
    <article className="contract">
      <StaleNotice error={error} />
      <Head contract={contract} />
      <Producers contract={contract} />
      <Consumers contract={contract} />
      {versions.map((version) => (
        <VersionSection key={version.version} version={version} newest={versions[0]!.version} />
      ))}
    </article>
  );
}

const Head = ({ contract: { type, audience, description, aggregate, source, publisher } }: { readonly contract: Contract }) => (
  <header className="page-head">
    <h1>
      {type} <Status status={audience} />
    </h1>
    {description !== null && <p>{description}</p>}
    <p className="meta">
      {audience === 'customers'
        ? 'Webhook endpoints of organizations can get this event.'
        : 'Only sinks of the system get this event.'}
    </p>
    <Facts
      facts={[
        ['Object', aggregate],
        ['Source', source],
        ['Published by', publisher],
      ]}
    />
    <p className="actions">
      <Link className="button" href={`/events?event_type=${encodeURIComponent(type)}`}>
        Events of this type
      </Link>
      <Link className="button" href="/contracts">
        All contracts
      </Link>
    </p>
  </header>
);

const Producers = ({ contract: { producers, publisher } }: { readonly contract: Contract }) => (
  <section aria-labelledby="producers">
    <h2 id="producers">Producers</h2>
    {producers.length === 0 ? (
      <p>No audit action of the api declares this event{publisher === null ? '.' : `: ${publisher} publishes it.`}</p>
    ) : (
      <ul className="producers">
        {producers.map(({ action, description, routes }) => (
          <li key={action}>
            <Link href={`/audit?action=${encodeURIComponent(action)}`} className="row-link">
              {action}
            </Link>{' '}
            {description}
            <ul>
              {routes.map((route) => (
                <li key={route}>
                  <code>{route}</code>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    )}
  </section>
);

const Consumers = ({ contract: { consumers } }: { readonly contract: Contract }) => (
  <section aria-labelledby="consumers">
    <h2 id="consumers">Consumers</h2>
    {consumers.length === 0 ? (
      <p>No sink receives this event.</p>
    ) : (
      <ul>
        {consumers.map((name) => (
          <li key={name}>
            <code>{name}</code>
          </li>
        ))}
      </ul>
    )}
  </section>
);

function VersionSection({ version, newest }: { readonly version: Version; readonly newest: number }) {
  const title = `Version ${version.version}`;
  if (version.is_current)
    return (
      <section aria-labelledby="version">
        <h2 id="version">
          {title} <Status status="current" tone="good" />
        </h2>
        <VersionDetails version={version} title={title} />
      </section>
    );
  return (
    <section>
      <details>
        <summary>
          {title} <Status status="deprecated" tone="warn" />
        </summary>
        <p className="hint">
          Version {newest} replaces it, and new events have that version. Stored events of this version are still delivered.
        </p>
        <VersionDetails version={version} title={title} />
      </details>
    </section>
  );
}

function VersionDetails({ version: { schema, example }, title }: { readonly version: Version; readonly title: string }) {
  const fields = fieldsOf(schema);
  const isDescribed = fields.some(({ description }) => description !== '');
  return (
    <>
      <h3>Fields of the data</h3>
      <Table
        label={`Fields of ${title}`}
        columns={['Field', 'Type', 'Required', 'Personal data', ...(isDescribed ? ['Description'] : [])]}
      >
        {fields.map(({ path, type, isRequired, isPersonal, description }) => (
          <tr key={path}>
            <th scope="row">
              <code>{path}</code>
            </th>
            <td className="wide" data-heading="Type">
              {type}
            </td>
            <td data-heading="Required">{isRequired ? 'yes' : 'no'}</td>
            <td data-heading="Personal data">{isPersonal ? <Status status="personal" tone="warn" /> : 'no'}</td>
            {isDescribed && <td className="wide">{description}</td>}
          </tr>
        ))}
      </Table>
      <h3>Example</h3>
      <Json value={example} label={`Example of ${title}`} />
      <details>
        <summary>JSON Schema of the data</summary>
        <Json value={schema} label={`JSON Schema of ${title}`} />
      </details>
    </>
  );
}

const NothingFound = ({ type }: { readonly type: string }) => (
  <EmptyPage title="No contract of this type">
    <p>
      <code>{type}</code>
    </p>
    <p>
      This version of the api does not declare it. <Link href="/contracts">All contracts</Link>
    </p>
  </EmptyPage>
);

import { Link } from 'wouter';
import { FilterForm, type FilterField } from '../../components/filter-form.js';
import { ProblemState, StaleNotice } from '../../components/problem.js';
import { Empty, Loading } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { Table } from '../../components/table.js';
import { usePageTitle } from '../../components/use-page-title.js';
import { useFilters, type Filters } from '../../url/filters.js';
import { contractPage } from '../../url/pages.js';
import { fieldsOf } from './schema-fields.js';
import { useContracts, type Contract } from './use-contracts.js';
import '../../styles/contracts.css';

const FIELDS = [
  { name: 'text', label: 'Text' },
  { name: 'audience', label: 'Audience', options: ['customers', 'internal'] },
] as const satisfies readonly FilterField<string>[];
const NAMES = FIELDS.map(({ name }) => name);

/** Answers: what do we promise others? */
export default function ContractsPage() {
  usePageTitle('Contracts');
  const [filters, change] = useFilters(NAMES);
  const { data, error, refetch } = useContracts();
  if (!data) return error ? <ProblemState error={error} onRetry={() => void refetch()} /> : <Loading what="the contracts" />;
  const found = data.filter((contract) => matches(contract, filters));
  return (
    <article>
      <StaleNotice error={error} />
      <header className="page-head">
        <h1>Contracts</h1>
        <p className="meta">The events that this system publishes. A text finds types, descriptions, fields, routes and sinks.</p>
      </header>
      <FilterForm label="Filters of the contracts" fields={FIELDS} filters={filters} onChange={change} />
      {found.length === 0 ? <Empty title="No contract matches the filters." /> : <ContractTable contracts={found} />}
    </article>
  );
}

/** Each word of the text must occur somewhere in the contract. */
function matches(contract: Contract, { text = '', audience }: Filters<(typeof NAMES)[number]>): boolean {
  if (audience !== undefined && contract.audience !== audience) return false;
  const searched = [
    contract.type,
    contract.description,
    contract.publisher,
    ...contract.consumers,
    ...contract.versions.flatMap(({ schema }) => fieldsOf(schema).map(({ path }) => path)),
    ...contract.producers.flatMap(({ action, description, routes }) => [action, description, ...routes]),
  ]
    .join('\n')
    .toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => searched.includes(word));
}

const ContractTable = ({ contracts }: { readonly contracts: readonly Contract[] }) => (
  <Table label="Table of contracts" columns={['Event', 'Versions', 'Audience', 'Consumers', 'Description']}>
    {contracts.map(({ type, versions, audience, consumers, description }) => (
      <tr key={type}>
        <td>
          <Link href={contractPage(type)} className="row-link">
            {type}
          </Link>
        </td>
        <td data-heading="Versions">{versions.map(({ version }) => version).join(', ')}</td>
        <td data-heading="Audience">
          <Status status={audience} />
        </td>
        <td data-heading="Consumers">{consumers.length}</td>
        <td className="wide">{description}</td>
      </tr>
    ))}
  </Table>
);

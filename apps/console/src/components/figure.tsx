import { Link } from 'wouter';

/** A number of a card, which leads to the list behind it. */
export const Figure = ({ name, value, to }: { readonly name: string; readonly value: string; readonly to: string }) => (
  <div>
    <dt>{name}</dt>
    <dd>
      <Link href={to}>{value}</Link>
    </dd>
  </div>
);

import type { Template } from './synthesis.ts';

/** What acts as soon as it is created: it starts a task or code, or writes somewhere. */
const ACTING =
  /^(Custom::.+|AWS::(ECS::Service|Lambda::Function|Lambda::EventSourceMapping|EC2::FlowLog|RDS::DBProxy|ElasticLoadBalancingV2::LoadBalancer))$/;
/** What gives rights to a resource, and the property that names it. */
const POLICIES: Readonly<Record<string, string>> = { 'AWS::IAM::Policy': 'Roles', 'AWS::S3::BucketPolicy': 'Bucket' };

const NO_POLICY = /^(?!AWS::IAM::Policy$)/;

/** The resources that CloudFormation creates before this one: those that it refers to or depends on, and so on. */
export function createdBefore({ Resources }: Template, id: string, passing: RegExp = /./): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (one: string): void => {
    if (!Resources[one] || found.has(one)) return;
    found.add(one);
    if (!passing.test(Resources[one].Type)) return;
    for (const next of [...[Resources[one].DependsOn ?? []].flat(), ...referencesIn(Resources[one].Properties)]) visit(next);
  };
  visit(id);
  found.delete(id);
  return found;
}

/** The policies that a resource needs and does not wait for, as `resource before policy`. */
export function unawaitedPolicies(template: Template): string[] {
  const all = Object.entries(template.Resources);
  return all
    .filter(([, { Type }]) => ACTING.test(Type))
    .flatMap(([id]) => {
      const before = createdBefore(template, id);
      const used = createdBefore(template, id, NO_POLICY); // what a policy allows is not used for that
      return all
        .filter(([, { Type, Properties }]) => referencesIn(Properties?.[POLICIES[Type] ?? '']).some((one) => used.has(one)))
        .filter(([policy]) => !before.has(policy))
        .map(([policy]) => `${id} before ${policy}`);
    });
}

function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Sub': text } = value as Record<string, unknown>;
  if (typeof Ref === 'string') return [Ref];
  if (attribute !== undefined) return [String([attribute].flat()[0]).split('.')[0]!];
  const substituted = text === undefined ? [] : [...String([text].flat()[0]).matchAll(/\$\{(\w+)/g)].map(([, name]) => name!);
  return [...substituted, ...Object.values(value).flatMap(referencesIn)];
}

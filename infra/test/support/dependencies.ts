import type { Template } from './synthesis.ts';

/** Resource types that act when they are created: they start a task or code, or write data. */
const ACTING =
  /^(Custom::.+|AWS::(ECS::Service|Lambda::Function|Lambda::EventSourceMapping|EC2::FlowLog|RDS::DBProxy|ElasticLoadBalancingV2::LoadBalancer))$/;
/** Resource types that grant permissions, with the property that names the grantee or the bucket. */
const POLICIES: Readonly<Record<string, string>> = { 'AWS::IAM::Policy': 'Roles', 'AWS::S3::BucketPolicy': 'Bucket' };

const NO_POLICY = /^(?!AWS::IAM::Policy$)/;

/** The resources that CloudFormation creates before this one: its references and dependencies, recursively. */
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

/** The policies that a resource needs but does not depend on, as `resource before policy`. */
export function unawaitedPolicies(template: Template): string[] {
  const all = Object.entries(template.Resources);
  return all
    .filter(([, { Type }]) => ACTING.test(Type))
    .flatMap(([id]) => {
      const before = createdBefore(template, id);
      const used = createdBefore(template, id, NO_POLICY); // does not follow references through policies
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

import { RemovalPolicy } from 'aws-cdk-lib';

/**
 * For a resource that must outlive its stack. It is retained when its stack is deleted or no longer has it, and deleted when the
 * operation that creates it is rolled back: "RetainExceptOnCreate behaves like Retain for stack operations, except for the stack
 * operation that initially created the resource." With Retain, a failed first deployment leaves the resource behind, and its name is
 * taken when the deployment is repeated.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
 */
export const RETAINED = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;

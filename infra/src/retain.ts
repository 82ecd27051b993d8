import { RemovalPolicy } from 'aws-cdk-lib';

/**
 * The removal policy of a resource that must outlive its stack. The resource is kept when its stack is deleted or no longer
 * contains it. It is deleted when the operation that creates it is rolled back: "RetainExceptOnCreate behaves like Retain for stack operations, except for the stack
 * operation that initially created the resource." With Retain, a failed first deployment would leave the resource behind, and a
 * second deployment would fail because the name is taken.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
 */
export const RETAINED = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;

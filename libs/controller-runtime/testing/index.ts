export type { TestEnvironment, TestedController, TestObject } from './test-controller.ts';
export { testController } from './test-controller.ts';

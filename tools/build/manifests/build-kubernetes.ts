/**
 * Builds the program of `tests/k8s` before tests want it, so that nothing is tested beside a build
 * that takes all of the machine.
 */
import { findKubernetesProgram } from './kubernetes-program.ts';

try {
  const { missing } = await findKubernetesProgram();
  if (missing !== undefined) process.stdout.write(`No Kubernetes of the tests: ${missing}\n`);
} catch (error) {
  // The tests that need it fail, with what Go says; the others run.
  process.stdout.write(`The Kubernetes of the tests does not build: ${String(error)}\n`);
}

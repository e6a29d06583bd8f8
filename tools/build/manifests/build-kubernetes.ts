/**
 * Builds the program of `tests/k8s` before tests want it, so that nothing is tested beside a build
 * that takes all of the machine.
 */
import { findKubernetesProgram } from './kubernetes-program.ts';

const { missing } = await findKubernetesProgram();
if (missing !== undefined) process.stdout.write(`No Kubernetes of the tests: ${missing}\n`);

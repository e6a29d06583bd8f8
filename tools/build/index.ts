export { root } from './build-programs.ts';
export type { KubernetesObject } from './manifests/kubernetes-object.ts';
export { idOf } from './manifests/kubernetes-object.ts';
export { findKubernetesProgram } from './manifests/kubernetes-program.ts';
export { kustomizations, kustomizeValues, withoutHelm } from './manifests/kustomize.ts';
export { readManifests } from './manifests/manifests.ts';
export type { Preset, RenderOptions } from './manifests/render-chart.ts';
export { chartFolder, presets, renderChart, runHelm } from './manifests/render-chart.ts';

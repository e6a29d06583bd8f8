/** Makes `k8s/` from the chart: `make manifests`. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { root } from '../build-programs.ts';
import { buildKubernetesProgram } from './kubernetes-program.ts';
import { kustomizations, kustomizeValues } from './kustomize.ts';
import { renderChart } from './render-chart.ts';

const program = await buildKubernetesProgram();
const render = (preset: 'embedded' | 'sharded' | 'ha') => renderChart({ program, preset, values: kustomizeValues });
const [embedded, sharded, ha] = await Promise.all([render('embedded'), render('sharded'), render('ha')]);
const folder = join(root, 'k8s');
await rm(folder, { recursive: true, force: true });
for (const [path, text] of Object.entries(kustomizations({ embedded, sharded, ha }))) {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

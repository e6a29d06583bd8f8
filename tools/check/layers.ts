/**
 * The layers of the packages: a package may import what is on a lower layer, never what is beside
 * it or above. The numbers are those of ARCHITECTURE.md. Tests may import everything, and any test
 * may use libs/testing.
 */
export const layers: Readonly<Record<string, number>> = {
  'libs/base': 0,
  'libs/flags': 0,
  'libs/proto': 0,
  'libs/observability': 0,
  'libs/api': 1,
  'libs/pki': 1,
  'libs/rpc': 1,
  'libs/testing': 1,
  'libs/bus': 2,
  'libs/etcd': 2,
  'libs/http': 2,
  'libs/storage': 3,
  'libs/schema': 3,
  'libs/encryption': 4,
  'libs/k8s-protobuf': 4,
  'libs/discovery': 3,
  'libs/sharing': 4,
  'libs/watch': 4,
  'libs/patch': 4,
  'libs/printers': 5,
  'libs/openapi': 5,
  'libs/registry': 5,
  'libs/client': 5,
  'libs/authn': 5,
  'libs/authz': 5,
  'libs/admission': 7,
  'libs/apiserver': 6,
  'libs/kinds': 7,
  'libs/tenancy': 6,
  'libs/catalog': 6,
  'libs/controller-runtime': 6,
  'libs/sharding': 8,
  'libs/controllers': 8,
  'libs/virtual-workspaces': 8,
  'libs/program': 9,
};

const layersOfPrograms: readonly (readonly [prefix: string, layer: number])[] = [
  ['services/', 10],
  ['tools/', 11],
  ['tests', 12],
];

/** Undefined for a package that is not in the table. */
export function layerOf(folder: string): number | undefined {
  return layers[folder] ?? layersOfPrograms.find(([prefix]) => folder.startsWith(prefix))?.[1];
}

/**
 * The floors of the house: a package may import what is on a lower floor, never what is beside it or above. The numbers are those of ARCHITECTURE.md.
 * Tests stand on top of everything, and any test may use the testing room.
 */
export const floors: Readonly<Record<string, number>> = {
  'libs/base': 0,
  'libs/flags': 0,
  'libs/proto': 0,
  'libs/meta': 1,
  'libs/pki': 1,
  'libs/rpc': 1,
  'libs/testing': 1,
  'libs/storage': 2,
  'libs/bus': 2,
  'libs/cel': 2,
  'libs/http': 2,
  'libs/sharing': 3,
  'libs/schema': 3,
  'libs/watch': 3,
  'libs/patch': 4,
  'libs/apis': 4,
  'libs/registry': 5,
  'libs/client': 5,
  'libs/authn': 5,
  'libs/authz': 5,
  'libs/admission': 5,
  'libs/apiserver': 6,
  'libs/tenancy': 6,
  'libs/catalog': 6,
  'libs/workspace-index': 6,
  'libs/replication': 6,
  'libs/merged': 6,
  'libs/controller': 6,
  'libs/behaviours': 7,
  'libs/installation': 7,
  'libs/controllers': 7,
  'libs/virtual': 7,
};

const floorsOfPrograms: readonly (readonly [prefix: string, floor: number])[] = [
  ['services/', 8],
  ['tools/', 9],
  ['tests', 10],
];

/** Undefined for a package that nobody has given a floor yet. */
export function floorOf(folder: string): number | undefined {
  return floors[folder] ?? floorsOfPrograms.find(([prefix]) => folder.startsWith(prefix))?.[1];
}

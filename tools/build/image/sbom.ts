/** What an image is made of, as a bill of materials by CycloneDX 1.6. */
import type { BasePackage } from './base-packages.ts';
import type { Architecture } from './entry.ts';
import { architectures } from './entry.ts';
import type { LockedPackages } from './node-packages.ts';

export interface SbomOptions {
  readonly architecture: Architecture;
  readonly version: string;
  readonly commit: string;
  readonly created: Date;
  readonly base: readonly BasePackage[];
  readonly locked: LockedPackages;
  /** Places in the lock file: what lies in the image, and what is built into the programs. */
  readonly places: ReadonlySet<string>;
}

function npmComponent(place: string, { version, integrity, license }: LockedPackages[string]): object {
  const name = place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const content =
    integrity === undefined ? '' : Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex');
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
    ...(content === '' ? {} : { hashes: [{ alg: 'SHA-512', content }] }),
    ...(license === undefined ? {} : { licenses: [{ expression: license }] }),
  };
}

function debianComponent({ name, version, sha256 }: BasePackage, architecture: Architecture): object {
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architectures[architecture].debian}`;
  return { type: 'library', 'bom-ref': purl, name, version, purl, hashes: [{ alg: 'SHA-256', content: sha256 }] };
}

export function makeSbom({ architecture, version, commit, created, base, locked, places }: SbomOptions): string {
  const npm = [...places].sort().flatMap((place) => {
    const found = locked[place];
    return found === undefined ? [] : [npmComponent(place, found)];
  });
  const bom = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      timestamp: created.toISOString(),
      component: {
        type: 'application',
        'bom-ref': 'kcp-ts',
        name: 'kcp-ts',
        version,
        licenses: [{ license: { id: 'Apache-2.0' } }],
        properties: [{ name: 'commit', value: commit }],
      },
    },
    components: [...npm, ...base.map((one) => debianComponent(one, architecture))],
  };
  return `${JSON.stringify(bom, undefined, 2)}\n`;
}

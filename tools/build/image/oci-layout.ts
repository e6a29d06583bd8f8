/**
 * An image as a folder by the OCI Image Layout Specification 1.1, which `skopeo copy oci:…`, `crane
 * push` and `podman load` take.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Architecture } from './entry.ts';
import type { Layer } from './layer.ts';
import { digestOf } from './layer.ts';

const mediaTypes = {
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
} as const;

/**
 * How a container of the image starts. `deploy/Dockerfile` says the same; a test compares the two.
 */
export interface RunConfig {
  readonly user: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface Image {
  readonly architecture: Architecture;
  readonly layers: readonly Layer[];
  readonly created: Date;
  readonly run: RunConfig;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

function configOf({ architecture, layers, created, run }: Image): object {
  return {
    created: created.toISOString(),
    architecture,
    os: 'linux',
    config: {
      User: run.user,
      Env: Object.entries(run.environment).map(([name, value]) => `${name}=${value}`),
      Entrypoint: run.entrypoint,
      WorkingDir: '/',
      Labels: run.labels,
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(() => ({ created: created.toISOString(), created_by: 'make image' })),
  };
}

/**
 * Writes the layout of one image for several architectures, named `reference`; returns the digest
 * of its index.
 */
export async function writeOciLayout(folder: string, images: readonly Image[], reference: string): Promise<string> {
  const blobs = join(folder, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });

  async function writeBlob(mediaType: string, bytes: Uint8Array): Promise<Descriptor> {
    const digest = digestOf(bytes);
    await writeFile(join(blobs, digest.slice('sha256:'.length)), bytes);
    return { mediaType, digest, size: bytes.length };
  }
  const writeJson = (mediaType: string, value: object) => writeBlob(mediaType, Buffer.from(JSON.stringify(value)));

  const manifests: object[] = [];
  for (const image of images) {
    const layers = await Promise.all(image.layers.map(({ compressed }) => writeBlob(mediaTypes.layer, compressed)));
    const config = await writeJson(mediaTypes.config, configOf(image));
    const annotations = { 'org.opencontainers.image.revision': image.run.labels['org.opencontainers.image.revision'] };
    const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers, annotations };
    const descriptor = await writeJson(mediaTypes.manifest, manifest);
    manifests.push({ ...descriptor, platform: { architecture: image.architecture, os: 'linux' } });
  }
  const index = await writeJson(mediaTypes.index, { schemaVersion: 2, mediaType: mediaTypes.index, manifests });
  const named = { ...index, annotations: { 'org.opencontainers.image.ref.name': reference } };
  const top = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [named] };
  await writeFile(join(folder, 'index.json'), JSON.stringify(top));
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return index.digest;
}

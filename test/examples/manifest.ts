/** A Kubernetes manifest, checked against the schemas of the API, unknown fields included. */
import { Deployment, type IDeployment } from "kubernetes-models/apps/v1/Deployment";
import { Job, type IJob } from "kubernetes-models/batch/v1/Job";
import { Service, type IService } from "kubernetes-models/v1/Service";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";

export type Manifest = IDeployment | IJob | IService;

/** What the examples are made of; another kind is a fault until it stands here. */
const models = [Deployment, Job, Service];

/** Throws the faults of a document, and gives it its type. */
export function manifestOf(document: unknown): Manifest {
  const { apiVersion, kind } = document as { apiVersion?: unknown; kind?: unknown };
  const model = models.find((one) => one.apiVersion === apiVersion && one.kind === kind);
  if (model === undefined) throw new Error(`no schema for ${String(kind)}, ${String(apiVersion)}`);
  const read = new Set<string>();
  model.prototype.validate.call(watched(document, "", read));
  const unknown = pathsIn(document, "").filter((path) => !read.has(path));
  if (unknown.length > 0) throw new Error(`unknown fields: ${unknown.join(", ")}`);
  return document as Manifest;
}

export function podOf(manifest: Manifest): IPodSpec | undefined {
  return manifest.kind === "Service" ? undefined : manifest.spec?.template.spec;
}

/**
 * Kubernetes' schemas allow fields that they do not know, which the API server drops or refuses.
 * The validators are compiled code, in which every known field is read by its name, so a field that
 * was never read is unknown.
 */
function watched(value: unknown, path: string, read: Set<string>): unknown {
  if (typeof value !== "object" || value === null) return value;
  return new Proxy(value, {
    get(target, key) {
      const field: unknown = Reflect.get(target, key);
      if (typeof key === "symbol" || !Object.hasOwn(target, key)) return field;
      read.add(`${path}/${key}`);
      return watched(field, `${path}/${key}`, read);
    },
  });
}

function pathsIn(value: unknown, path: string): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, field]) => [
    `${path}/${key}`,
    ...pathsIn(field, `${path}/${key}`),
  ]);
}

/** examples/kubernetes: what the schemas say, and what a reader may take for granted beyond them. */
import { describe, expect, test } from "bun:test";
import type { IContainer } from "kubernetes-models/v1/Container";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import { documentsOf, namesIn, textOf } from "./documents.ts";
import { readArguments, secretUrl } from "./command-line.ts";
import { type Manifest, manifestOf, podOf } from "./manifest.ts";

const files = namesIn("kubernetes");
const manifests = files.flatMap((file) =>
  documentsOf(textOf(file)).map((document) => ({ file, manifest: manifestOf(document) })),
);
const pods = manifests.flatMap(({ file, manifest }) => {
  const pod = podOf(manifest);
  return pod === undefined ? [] : [{ file, kind: manifest.kind, manifest, pod }];
});
const containers = pods.flatMap(({ pod, ...rest }) =>
  [...(pod.initContainers ?? []), ...pod.containers].map((container) => ({
    ...rest,
    pod,
    name: container.name,
    container,
  })),
);
const runners = containers.filter(({ container }) => /\/app-migrations:/.test(imageOf(container)));

function imageOf(container: IContainer): string {
  return container.image ?? "";
}

describe("the schemas", () => {
  test("every variant is there, and each runs lacuna", () => {
    const names = ["init-container", "job-and-wait", "serve"];
    expect(files).toEqual(names.map((name) => `kubernetes/${name}.yaml`));
    expect(runners.map(({ name }) => name)).toEqual(["migrate", "migrate", "wait", "serve"]);
  });

  test.each([
    ["readOnlyRootFilesystem", "readOnlyRootFileSystem", "unknown fields"],
    ["automountServiceAccountToken", "automountServiceAccounttoken", "unknown fields"],
    ["  progressDeadlineSeconds", "  progressDeadlineSecond", "unknown fields"],
    ["type: RuntimeDefault", "kind: RuntimeDefault", "required property type"],
    ["terminationGracePeriodSeconds: 60", "terminationGracePeriodSeconds: 1m", "must be integer"],
    ["kind: Deployment", "kind: Deploymant", "no schema"],
  ])("%s written as %s is found", (right, wrong, fault) => {
    const text = textOf("kubernetes/init-container.yaml");
    expect(text).toContain(right);
    const [document] = documentsOf(text.replace(right, wrong));
    expect(() => manifestOf(document)).toThrow(fault);
  });

  test("a key that is there twice is found", () => {
    const text = textOf("kubernetes/serve.yaml");
    expect(() => documentsOf(text.replace("replicas: 1", "replicas: 1\n  replicas: 2"))).toThrow();
  });
});

describe("security", () => {
  test.each(containers)("$file $kind $name has all of it", ({ pod, container }) => {
    expect({ ...pod.securityContext, ...container.securityContext }).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 65_532,
      runAsGroup: 65_532,
      seccompProfile: { type: "RuntimeDefault" },
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
    });
    expect(container.securityContext).not.toHaveProperty("privileged");
    expect(container.securityContext?.capabilities).not.toHaveProperty("add");
    expect(imageOf(container)).toMatch(/^[a-z./-]+:[0-9]+\.[0-9]+\.[0-9]+$/);
    expect(container.resources?.requests).toContainKeys(["cpu", "memory"]);
    expect(container.resources?.limits?.["memory"]).toBe(container.resources?.requests?.["memory"]);
    expect(container.volumeMounts?.filter((mount) => mount.readOnly !== true) ?? []).toEqual([]);
  });

  test.each(pods)("$file $kind: its pod gives nothing away, and ends in time", ({ pod }) => {
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(30);
    for (const { secret, ...volume } of pod.volumes ?? []) {
      expect(Object.keys(volume)).toEqual(["name"]);
      expect(secret).toMatchObject({ defaultMode: 0o400, items: [{ key: "url" }] });
      // Without it the file is root's, and nobody here is root.
      expect(pod.securityContext?.fsGroup).toBe(65_532);
    }
  });
});

describe("lacuna", () => {
  test.each(runners)("$file $kind $name is run as it can be run", ({ pod, container }) => {
    const environment = Object.fromEntries(
      (container.env ?? []).map(({ name, value = "" }) => [name, value]),
    );
    // A variable is seen by whoever may look at the pod; a file by the container alone.
    expect(Object.keys(environment)).toEqual(["DATABASE_URL_FILE"]);
    expect(container.command).toBeUndefined();
    const read = readArguments(container.args ?? [], {
      environment,
      files: secretFilesOf(pod, container),
    });
    expect(read.request).toMatchObject({ target: { database: secretUrl.split("/").at(-1) } });
    expect(container.resources?.limits?.["memory"]).toBe("128Mi");
    expect(container.terminationMessagePolicy).toBe("FallbackToLogsOnError");
  });

  test.each(runners)("$file $kind $name is given the time that it may take", (runner) => {
    const { request } = readArguments(runner.container.args ?? [], {
      environment: { DATABASE_URL: secretUrl },
      files: [],
    });
    const waitsMs =
      request.command === "wait"
        ? request.timeoutMs
        : request.command === "up"
          ? request.lockWaitMs
          : request.command === "serve"
            ? request.migrate?.lockWaitMs
            : undefined;
    expect(waitsMs).toBeGreaterThan(0);
    expect(secondsOf(runner.manifest) * 1000).toBeGreaterThan(waitsMs ?? Infinity);
  });

  test("who waits for the Job waits as long as it may take", () => {
    const deadlines = pods
      .filter(({ file }) => file === "kubernetes/job-and-wait.yaml")
      .map(({ manifest }) => secondsOf(manifest));
    expect(deadlines).toEqual([1800, 2400]);
  });

  test("only the role that migrates can", () => {
    const of = (name: string): (string | undefined)[] =>
      runners
        .filter((one) => one.file === "kubernetes/job-and-wait.yaml" && one.name === name)
        .map(({ pod }) => pod.volumes?.[0]?.secret?.secretName);
    expect([of("migrate"), of("wait")]).toEqual([["app-migrations"], ["app-database"]]);
  });
});

describe("the Job", () => {
  test("what no other try mends is not tried again", () => {
    const [job] = manifests.flatMap(({ manifest }) => (manifest.kind === "Job" ? [manifest] : []));
    const { podFailurePolicy, template } = job?.spec ?? {};
    // The API server refuses the policy with another one.
    expect(template?.spec?.restartPolicy).toBe("Never");
    const [failing, ignoring] = podFailurePolicy?.rules ?? [];
    expect(failing?.action).toBe("FailJob");
    const { containerName, operator, values } = failing?.onExitCodes ?? {};
    expect(template?.spec?.containers.map(({ name }) => name)).toEqual([containerName ?? ""]);
    // They have to be in order. The lock (5), the connection (6) and SIGTERM (143) are not there.
    expect([operator, values]).toEqual(["In", [1, 2, 4, 70]]);
    expect(ignoring).toEqual({
      action: "Ignore",
      onPodConditions: [{ type: "DisruptionTarget", status: "True" }],
    });
    expect(job?.spec).toMatchObject({ backoffLimit: 6, ttlSecondsAfterFinished: 86_400 });
  });
});

describe("the probes", () => {
  test("they ask what serve answers, where it listens", () => {
    const serving = runners.find(({ name }) => name === "serve");
    const { readinessProbe, livenessProbe, ports, args } = serving?.container ?? {};
    expect(readinessProbe?.httpGet).toEqual({ path: "/readyz", port: "http" });
    expect(livenessProbe?.httpGet).toEqual({ path: "/healthz", port: "http" });
    // serve itself waits 3 s for a database.
    expect(readinessProbe?.timeoutSeconds).toBeGreaterThan(3);
    const { request } = readArguments(args ?? [], {
      environment: { DATABASE_URL: secretUrl },
      files: [],
    });
    expect(ports).toEqual([{ name: "http", containerPort: 8080 }]);
    expect(request).toMatchObject({ command: "serve", port: 8080, migrate: {} });
    const service = manifests.find(({ manifest }) => manifest.kind === "Service")?.manifest;
    expect(service?.spec).toMatchObject({
      selector: labelsOf(serving?.manifest),
      ports: [{ port: 8080, targetPort: "http" }],
    });
  });

  test("a Deployment finds its own pods", () => {
    const deployments = manifests.flatMap(({ manifest }) =>
      manifest.kind === "Deployment" ? [manifest] : [],
    );
    expect(deployments).toHaveLength(3);
    for (const deployment of deployments) {
      expect(deployment.spec?.selector.matchLabels).toEqual(labelsOf(deployment));
    }
  });
});

/** The files that a container finds in the secrets that it mounts. */
function secretFilesOf(pod: IPodSpec, container: IContainer): readonly string[] {
  return (container.volumeMounts ?? []).flatMap(({ name, mountPath }) => {
    const items = pod.volumes?.find((volume) => volume.name === name)?.secret?.items ?? [];
    return items.map(({ path }) => `${mountPath}/${path}`);
  });
}

/** How long a rollout or a Job may take. */
function secondsOf(manifest: Manifest): number {
  switch (manifest.kind) {
    case "Deployment":
      return manifest.spec?.progressDeadlineSeconds ?? 600;
    case "Job":
      return manifest.spec?.activeDeadlineSeconds ?? Infinity;
    case "Service":
      return Infinity;
  }
}

function labelsOf(manifest: Manifest | undefined): Readonly<Record<string, string>> {
  if (manifest === undefined || manifest.kind === "Service") return {};
  return { ...manifest.spec?.template.metadata?.labels };
}

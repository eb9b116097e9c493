// references.js - do the objects of a render mean each other? What no schema can see: names of ports,
// labels that select, volumes, and what this daemon in particular must be given.
"use strict";

// Brought by people, not by the manifests.
const FOREIGN_SECRETS = ["scrubjay-keyring", "scrubjay-clients"];

const SECRET_MODE = 0o440; // what the daemon takes, and a user that is not root can read

const PROBES = ["startupProbe", "livenessProbe", "readinessProbe"];

function named(objects, kind, name) {
  return objects.find((object) => object.kind === kind && object.metadata.name === name);
}

function workloadsOf(objects) {
  return objects.filter((object) => ["StatefulSet", "DaemonSet", "Deployment"].includes(object.kind));
}

function carries(labels, selector) {
  return Object.entries(selector || {}).every(([key, value]) => (labels || {})[key] === value);
}

function selected(objects, selector) {
  return workloadsOf(objects).filter((w) => carries(w.spec.template.metadata.labels, selector));
}

function portsOf(workloads) {
  return workloads.flatMap((w) => w.spec.template.spec.containers).flatMap((c) => c.ports || []);
}

/** Is there a container port of this name or number, and of this protocol? */
function hasPort(ports, wanted, protocol) {
  return ports.some(
    (port) => [port.name, port.containerPort].includes(wanted) && (!protocol || (port.protocol || "TCP") === protocol)
  );
}

function probeFaults(container) {
  return PROBES.flatMap((probe) => {
    const port = container[probe]?.httpGet?.port;
    if (port === undefined) return [`container ${container.name} has no ${probe} by HTTP`];
    return hasPort(container.ports || [], port) ? [] : [`${probe} asks port ${port}, which ${container.name} has not`];
  });
}

function volumeFault(volume, objects) {
  const { configMap, secret } = volume;
  if (configMap && !named(objects, "ConfigMap", configMap.name)) return `there is no ConfigMap ${configMap.name}`;
  const name = secret?.secretName;
  if (name && !FOREIGN_SECRETS.includes(name) && !named(objects, "Secret", name)) return `there is no Secret ${name}`;
  if (name && secret.defaultMode !== SECRET_MODE) return `the files of ${name} are not 0440: others could read them`;
  return undefined;
}

/** What the container is told, in all ways: arguments, variables, settings. */
function wordsOf(container, volumes, objects) {
  const maps = volumes.map((volume) => named(objects, "ConfigMap", volume.configMap?.name));
  const settings = maps.flatMap((map) => Object.values(map?.data || {}));
  return [...(container.args || []), ...(container.env || []).map((variable) => variable.value || ""), ...settings];
}

/** Every file that the container is told of lies in a folder that is mounted. */
function pathFaults(container, volumes, objects) {
  const paths = wordsOf(container, volumes, objects).flatMap((text) => text.match(/\/etc\/scrubjay\/[\w./-]+/g) || []);
  return paths
    .filter((path) => !(container.volumeMounts || []).some((mount) => path.startsWith(`${mount.mountPath}/`)))
    .map((path) => `${path} is in no volume of ${container.name}`);
}

/** Clients log in, and nothing says that they need not. */
function loginFaults(container, volumes, objects) {
  const settings = wordsOf(container, volumes, objects).join("\n");
  const faults = /^clients:/m.test(settings) ? [] : ["the settings name no clients file"];
  const insecure = /^insecure:/m.test(settings) || (container.env || []).some((v) => v.name === "SCRUBJAY_INSECURE");
  if (insecure) faults.push("insecure: whoever reaches a pod is served");
  return faults;
}

function mountFault(mount, volumes) {
  if (!volumes.some((volume) => volume.name === mount.name)) return `there is no volume ${mount.name}`;
  if (mount.subPath) return `volume ${mount.name} is mounted by subPath: what changes in it is never seen`;
  return undefined;
}

function resourceFaults(container) {
  const { requests = {}, limits = {} } = container.resources || {};
  if (!limits.memory || !limits.cpu) return [`${container.name} has no limits: budget and workers come from them`];
  return requests.memory === limits.memory ? [] : [`${container.name} requests ${requests.memory} of ${limits.memory}`];
}

function podFaults(workload, objects) {
  const pod = workload.spec.template.spec;
  const volumes = pod.volumes || [];
  const faults = pod.containers.flatMap((c) => [
    ...probeFaults(c),
    ...resourceFaults(c),
    ...pathFaults(c, volumes, objects),
    ...loginFaults(c, volumes, objects),
    ...(c.volumeMounts || []).map((mount) => mountFault(mount, volumes)),
  ]);
  faults.push(...volumes.map((volume) => volumeFault(volume, objects)));
  if (pod.enableServiceLinks !== false) faults.push("enableServiceLinks is on: a Service could set SCRUBJAY_ variables");
  if (!named(objects, "ServiceAccount", pod.serviceAccountName)) faults.push("its ServiceAccount does not exist");
  return faults;
}

function workloadFaults(workload, objects) {
  const faults = podFaults(workload, objects);
  const labels = workload.spec.template.metadata.labels;
  if (!carries(labels, workload.spec.selector.matchLabels)) faults.push("does not select its own pods");
  if (workload.kind !== "StatefulSet") return faults;
  const service = named(objects, "Service", workload.spec.serviceName);
  if (!service || service.spec.clusterIP !== "None" || !carries(labels, service.spec.selector))
    faults.push(`serviceName ${workload.spec.serviceName} is no headless Service of its pods`);
  return faults;
}

function serviceFaults(service, objects) {
  const pods = selected(objects, service.spec.selector);
  if (pods.length === 0) return ["selects nobody"];
  return service.spec.ports
    .filter((port) => !hasPort(portsOf(pods), port.targetPort ?? port.port, port.protocol || "TCP"))
    .map((port) => `port ${port.name} leads to ${port.targetPort}, which the pods have not`);
}

function policyFaults(policy, objects) {
  const pods = selected(objects, policy.spec.podSelector.matchLabels);
  if (pods.length === 0) return ["selects nobody"];
  return (policy.spec.ingress || [])
    .flatMap((rule) => rule.ports || [])
    .filter((port) => !hasPort(portsOf(pods), port.port, port.protocol))
    .map((port) => `lets in to ${port.port} ${port.protocol}, which the pods have not`);
}

function budgetFaults(budget, objects) {
  return selected(objects, budget.spec.selector.matchLabels).length > 0 ? [] : ["selects nobody"];
}

const FAULTS = {
  StatefulSet: workloadFaults,
  DaemonSet: workloadFaults,
  Service: serviceFaults,
  NetworkPolicy: policyFaults,
  PodDisruptionBudget: budgetFaults,
};

module.exports = (objects) =>
  objects.flatMap((object) =>
    (FAULTS[object.kind]?.(object, objects) || [])
      .filter(Boolean)
      .map((text) => `${object.kind} ${object.metadata.name}: ${text}`)
  );

// manifests.js - looks at one render of kubectl kustomize, or takes something out of it.
//
//   manifests.js check RENDER           schema, names and references; a line for each fault, status 1
//   manifests.js pod RENDER FOLDER [NAME IP]
//                                       FOLDER/env and FOLDER/args of the daemon's container, one a line,
//                                       and the files of its ConfigMaps below FOLDER, which is
//                                       written for / in all of them
//   manifests.js probes RENDER          a line for each probe: name, path, port, and after how
//                                       many seconds it gives up
//   manifests.js secrets RENDER         a line for each Secret that the pod has: name, path, mode
//   manifests.js rules RENDER           the PrometheusRule as a file of rules
//   manifests.js dashboard RENDER       the JSON in the ConfigMap that Grafana takes
//
// NODE_PATH names the node_modules of package.json.
"use strict";

const fs = require("fs");
const path = require("path");
const yaml = require("js-yaml");

// What the downward API gives.
const FIELDS = {
  "metadata.name": "scrubjay-0",
  "metadata.namespace": "default",
  "spec.nodeName": "machine-0",
  "status.podIP": "10.0.0.7",
};

function read(file) {
  const objects = yaml.loadAll(fs.readFileSync(file, "utf8")).filter(Boolean);
  objects.filter((object) => object.kind === "Secret").forEach(joinLines);
  return objects;
}

/** Kustomize writes long base64 in lines. Kubernetes takes that; the schema does not. */
function joinLines(secret) {
  for (const name of Object.keys(secret.data)) secret.data[name] = secret.data[name].replace(/\n/g, "");
}

function find(objects, ...kinds) {
  const found = objects.find((object) => kinds.includes(object.kind));
  if (!found) throw new Error(`there is no ${kinds.join(" or ")}`);
  return found;
}

/** Environment of a container: fields filled in, and $(NAME) of earlier variables expanded. */
function environment(container) {
  const values = {};
  for (const { name, value, valueFrom } of container.env || [])
    values[name] = valueFrom
      ? FIELDS[valueFrom.fieldRef.fieldPath]
      : value.replace(/\$\((\w+)\)/g, (whole, other) => values[other] ?? whole);
  return values;
}

/** The compiler takes a second, so it is asked last. */
function check(objects) {
  const faults = [...require("./schema.js")(objects), ...require("./references.js")(objects)];
  if (faults.length === 0) faults.push(...require("./types.js")(objects, path.dirname(process.env.NODE_PATH)));
  faults.forEach((fault) => console.log(fault));
  process.exitCode = faults.length > 0 ? 1 : 0;
}

function probes(objects) {
  const container = find(objects, "StatefulSet", "DaemonSet").spec.template.spec.containers[0];
  for (const [name, probe] of Object.entries(container).filter(([key]) => key.endsWith("Probe"))) {
    const port = container.ports.find((p) => p.name === probe.httpGet.port);
    console.log(name, probe.httpGet.path, port.containerPort, probe.periodSeconds * probe.failureThreshold);
  }
}

function pod(objects, folder, name, ip) {
  if (name) Object.assign(FIELDS, { "metadata.name": name, "status.podIP": ip });
  const spec = find(objects, "StatefulSet", "DaemonSet").spec.template.spec;
  const container = spec.containers[0];
  const moved = (text) => text.replaceAll("/etc/scrubjay/", path.join(folder, "etc/scrubjay/"));
  const env = Object.entries(environment(container)).map(([name, value]) => `${name}=${moved(value)}\n`);
  fs.writeFileSync(path.join(folder, "env"), env.join(""));
  fs.writeFileSync(path.join(folder, "args"), (container.args || []).map((arg) => `${moved(arg)}\n`).join(""));
  for (const volume of spec.volumes.filter((v) => v.configMap)) {
    const mount = container.volumeMounts.find((m) => m.name === volume.name);
    const map = objects.find((o) => o.kind === "ConfigMap" && o.metadata.name === volume.configMap.name);
    const at = path.join(folder, mount.mountPath);
    fs.mkdirSync(at, { recursive: true });
    for (const [name, text] of Object.entries(map.data)) fs.writeFileSync(path.join(at, name), moved(text));
  }
}

function secrets(objects) {
  const spec = find(objects, "StatefulSet", "DaemonSet").spec.template.spec;
  for (const { name, secret } of spec.volumes.filter((v) => v.secret)) {
    const mount = spec.containers[0].volumeMounts.find((m) => m.name === name);
    console.log(secret.secretName, mount.mountPath, secret.defaultMode.toString(8));
  }
}

function rules(objects) {
  console.log(yaml.dump(find(objects, "PrometheusRule").spec));
}

function dashboard(objects) {
  const map = objects.find((object) => object.metadata.labels?.grafana_dashboard === "1");
  console.log(Object.values(map.data)[0]);
}

const COMMANDS = { check, pod, probes, secrets, rules, dashboard };
const [command, file, ...rest] = process.argv.slice(2);
COMMANDS[command](read(file), ...rest);

// alerts.js - what tests/deploy/alerts asks of rules, of the dashboard and of a cluster's metrics.
//
//   alerts.js exprs DASHBOARD             expressions of the dashboard as rules, for promtool
//   alerts.js calm RULES SNAPSHOT...      a test for promtool in which nothing may fire: the series of
//                                         each node as they were, one snapshot after the other.
//                                         A snapshot is NODE.NUMBER, what /metrics said; empty when
//                                         there was no node.
//
// NODE_PATH names the node_modules of package.json.
"use strict";

const fs = require("fs");
const path = require("path");
const yaml = require("js-yaml");

const MINUTES = 20; // that each snapshot lasts
const FIRING = 'count by (alertname, pod) (ALERTS{alertstate="firing"})';

function exprs(file) {
  const { panels } = JSON.parse(fs.readFileSync(file, "utf8"));
  const targets = panels.flatMap((panel) => panel.targets || []);
  // What Grafana fills in.
  const filled = targets.map(({ expr }) => expr.replaceAll("$namespace", "n").replaceAll("$__rate_interval", "1m"));
  const rules = filled.map((expr, index) => ({ record: `panel:${index}`, expr }));
  console.log(yaml.dump({ groups: [{ name: "dashboard", rules }] }));
}

/** The series of one snapshot with the labels that a scrape adds: text -> value. */
function seriesOf(file, node) {
  const scraped = `job="scrubjay",namespace="n",pod="${node}"`;
  const text = fs.readFileSync(file, "utf8");
  const series = new Map(text === "" ? [] : [[`up{${scraped}}`, "1"]]);
  for (const line of text.split("\n")) {
    const [, name, , labels, value] = line.match(/^(\w+)(\{(.*)\})? ([^ ]+)$/) || [];
    if (name) series.set(`${name}{${scraped}${labels ? `,${labels}` : ""}}`, value);
  }
  return series;
}

/** Values of a series over all snapshots; where it was not, it is stale. */
function valuesOf(name, snapshots) {
  return snapshots
    .map((series) => (series.has(name) ? `${series.get(name)}x${MINUTES - 1}` : `stale _x${MINUTES - 2}`))
    .join(" ");
}

function inputs(files) {
  const node = path.basename(files[0]).split(".")[0];
  const snapshots = files.map((file) => seriesOf(file, node));
  const names = new Set(snapshots.flatMap((series) => [...series.keys()]));
  return [...names].map((series) => ({ series, values: valuesOf(series, snapshots) }));
}

function byNode(files) {
  const nodes = new Map();
  for (const file of files) {
    const node = path.basename(file).split(".")[0];
    nodes.set(node, [...(nodes.get(node) || []), file]);
  }
  return [...nodes.values()];
}

function calm(rules, ...files) {
  const nodes = byNode(files.sort());
  const end = MINUTES * nodes[0].length;
  const moments = Array.from({ length: end }, (_, minute) => minute);
  const test = {
    interval: "1m",
    input_series: nodes.flatMap(inputs),
    promql_expr_test: moments.map((minute) => ({ expr: FIRING, eval_time: `${minute}m`, exp_samples: [] })),
  };
  console.log(yaml.dump({ rule_files: [rules], evaluation_interval: "1m", tests: [test] }));
}

const [command, ...args] = process.argv.slice(2);
({ exprs, calm })[command](...args);

// schema.js - is every object of a render what the API says it is?
//
// Kubernetes' own kinds have their schemas in the package kubernetes-models; those of the Prometheus
// operator stand in monitoring.json, as far as they are used here. Both know types and what is required,
// but Kubernetes' schemas let names pass that do not exist: types.js refuses those.
"use strict";

const Ajv = require("ajv");
const monitoring = require("./monitoring.json");

/** The check of a kind, which throws; undefined for a kind that nobody knows. */
function checkOf(object) {
  const custom = monitoring[`${object.apiVersion}/${object.kind}`];
  if (custom) return customCheck(custom);
  try {
    const models = require(`kubernetes-models/${object.apiVersion}/${object.kind}`);
    return (o) => new models[object.kind](o).validate();
  } catch {
    return undefined;
  }
}

function customCheck(schema) {
  const ajv = new Ajv({ allErrors: true });
  const validate = ajv.compile(schema);
  return (object) => {
    if (!validate(object)) throw new Error(ajv.errorsText(validate.errors));
  };
}

/** What is wrong with an object, as texts. */
function faultsOf(object) {
  const check = checkOf(object);
  if (!check) return [`${object.apiVersion} ${object.kind} is no kind that is known here`];
  try {
    check(object);
    return [];
  } catch (error) {
    return [error.message];
  }
}

module.exports = (objects) =>
  objects.flatMap((object) => faultsOf(object).map((text) => `${object.kind} ${object.metadata.name}: ${text}`));

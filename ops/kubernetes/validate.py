"""Checks every document of the given manifests; see validate.sh."""

import sys
from pathlib import Path

import jsonschema
import kubernetes_validate
import yaml


def strict(schema):
    """The same schema, which allows no member that it does not name, as the API server warns of."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: strict(value) for key, value in schema.items()}
    if "properties" in schema and schema.get("type") == "object":
        result.setdefault("additionalProperties", False)
    return result


def custom_resource_schema(crds, kind):
    crd = yaml.safe_load(
        (crds / f"monitoring.coreos.com_{kind.lower()}s.yaml").read_text(encoding="utf-8")
    )
    schema = strict(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
    # The API server checks it, and the definition leaves it open.
    schema["properties"]["metadata"] = {"type": "object", "required": ["name"]}
    return schema


def check(document, crds):
    if document["apiVersion"].startswith("monitoring.coreos.com/"):
        jsonschema.validate(document, custom_resource_schema(crds, document["kind"]))
    else:
        kubernetes_validate.validate(document, "1.37", strict=True)


def main(crds, *manifests):
    failed = False
    for manifest in manifests:
        for document in yaml.safe_load_all(Path(manifest).read_text(encoding="utf-8")):
            try:
                check(document, Path(crds))
            except (jsonschema.ValidationError, kubernetes_validate.ValidationError) as error:
                where = ".".join(str(part) for part in error.path)
                print(f"{manifest}: {where}: {error.message}", file=sys.stderr)
                failed = True
    return 1 if failed else 0


sys.exit(main(*sys.argv[1:]))

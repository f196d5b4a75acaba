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


class InvalidError(Exception):
    """A file or document that Kubernetes would not accept; the text says why."""


def documents(manifest):
    try:
        found = [d for d in yaml.safe_load_all(Path(manifest).read_text(encoding="utf-8")) if d]
    except OSError as error:
        raise InvalidError(error.strerror) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidError("not YAML: " + " ".join(str(error).split())) from error
    if not found:
        raise InvalidError("not a manifest: it is empty")
    for document in found:
        if not isinstance(document, dict) or not all(
            isinstance(document.get(name), str) for name in ("apiVersion", "kind")
        ):
            raise InvalidError("not a manifest: apiVersion and kind are missing")
    return found


def custom_resource_schema(crds, kind):
    file = crds / f"monitoring.coreos.com_{kind.lower()}s.yaml"
    if not file.is_file():
        raise InvalidError(f"the Prometheus Operator has no kind {kind}")
    crd = yaml.safe_load(file.read_text(encoding="utf-8"))
    schema = strict(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
    # The API server checks it, and the definition leaves it open.
    schema["properties"]["metadata"] = {"type": "object", "required": ["name"]}
    return schema


def check(document, crds):
    """Raises InvalidError."""
    try:
        if document["apiVersion"].startswith("monitoring.coreos.com/"):
            schema = custom_resource_schema(crds, document["kind"])
            jsonschema.validate(document, schema)
        else:
            kubernetes_validate.validate(document, "1.37", strict=True)
    except (jsonschema.ValidationError, kubernetes_validate.ValidationError) as error:
        where = ".".join(str(part) for part in error.path)
        raise InvalidError(f"{where}: {error.message}") from error
    except (
        kubernetes_validate.SchemaNotFoundError,
        kubernetes_validate.utils.VersionNotSupportedError,
    ) as error:
        raise InvalidError(
            f"Kubernetes has no {document['apiVersion']} {document['kind']}"
        ) from error


def main(crds, *manifests):
    failed = False
    for manifest in manifests:
        try:
            found = documents(manifest)
        except InvalidError as error:
            print(f"{manifest}: {error}", file=sys.stderr)
            failed = True
            continue
        for document in found:
            try:
                check(document, Path(crds))
                print(f"{manifest}: {document['kind']} is valid")
            except InvalidError as error:
                print(f"{manifest}: {error}", file=sys.stderr)
                failed = True
    return 1 if failed else 0


sys.exit(main(*sys.argv[1:]))

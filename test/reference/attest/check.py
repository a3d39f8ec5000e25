"""Attestations that coldmesh wrote, judged by the tools of those who made the formats. check.sh has what it needs.

    python check.py RESULT.json FOLDER

RESULT.json is the last line of `coldmesh demo --json --keep`; FOLDER is what make-base.ts made. Every base there and the demo's last one
gets all three files, and each tool has to take them, and to refuse what was changed. The statement of the export key is judged by
export_key.py, from SPEC.md alone. Prints 'N passed, N failed'; exit status 1 if any failed.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.path.insert(0, HERE)

import jsonschema
from cryptography.hazmat.primitives import serialization
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf import json_format
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1 import statement_pb2
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

import export_key

NODE = os.path.join(REPOSITORY, "node_modules", ".bin", "node")
BIN = os.path.join(REPOSITORY, "node", "coldmesh.js")
MODEL_SIGNING = os.path.join(os.path.dirname(sys.executable), "model_signing")
SCHEMA = json.load(open(os.path.join(REPOSITORY, "docs", "schemas", "base-v1.schema.json"), encoding="utf-8"))
failures = []
passed = 0


def check(title, holds, detail=""):
    global passed
    if holds:
        passed += 1
    else:
        failures.append(title)
    print(("ok   " if holds else "FAIL ") + title, detail if not holds else "", flush=True)


def coldmesh(*args):
    done = subprocess.run([NODE, BIN, *args, "--json"], capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout) if done.returncode in (0, 4) and done.stdout else done.stderr


def read(path):
    with open(path, "rb") as file:
        return file.read()


def raises(error, call):
    try:
        call()
    except error:
        return True
    return False


def check_in_toto(title, path, model, base):
    envelope = Envelope.from_dict(json.loads(read(path)))
    check(f"{title}: a DSSE envelope of an in-toto statement", envelope.payload_type == "application/vnd.in-toto+json")
    peer, other = list(envelope.signatures)
    pem = serialization.load_pem_public_key(read(path + ".export-key.pub.pem"))
    keys = [SSlibKey(peer, "ed25519", "ed25519", {"public": peer}), SSlibKey.from_crypto(pem, other)]
    check(f"{title}: securesystemslib verifies both signatures", len(envelope.verify(keys, 2)) == 2)
    changed = Envelope(envelope.payload.replace(b'"round":', b'"Round":'), envelope.payload_type, envelope.signatures)
    check(f"{title}: and none of other bytes", raises(VerificationError, lambda: changed.verify(keys, 1)))
    message = json_format.Parse(envelope.payload, statement_pb2.Statement())
    check(f"{title}: in-toto-attestation takes it", Statement.copy_from_pb(message).validate() is None)
    said = json.loads(envelope.payload)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    wrong = list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(said))
    check(f"{title}: it has the form of its schema", not wrong, wrong[:1])
    digests = {one["name"]: one["digest"]["sha256"] for one in said["subject"][:-1]}
    mine = {name: hashlib.sha256(read(os.path.join(model, name))).hexdigest() for name in os.listdir(model)}
    check(f"{title}: it names every file by its SHA-256", digests == mine)
    line = "LC_ALL=C; export LC_ALL; sha256sum -- * | sha256sum"
    whole = subprocess.run(line, shell=True, cwd=model, capture_output=True, text=True, check=True).stdout.split()[0]
    check(f"{title}: and the directory by dirHash", said["subject"][-1]["digest"] == {"dirHash": whole})
    check(f"{title}: it is about this base", said["predicate"]["base"] == base == said["subject"][-1]["name"])
    network = said["predicate"]["network"]["genesis"]
    author, key = export_key.open_export_key(read(path + ".export-key.cbor"), network)
    spki = pem.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    check(f"{title}: the export key is the signer's, by SPEC.md", author.hex() == peer and key == spki)
    return said


def model_signing(model, signature, key):
    command = [MODEL_SIGNING, "verify", "key", model, "--signature", signature, "--public_key", key]
    return subprocess.run(command, capture_output=True, text=True)


def check_model_signing(title, path, model, scratch):
    key = path + ".export-key.pub.pem"
    done = model_signing(model, path, key)
    check(f"{title}: model_signing verifies it", done.returncode == 0, done.stdout + done.stderr)
    copy = os.path.join(scratch, "changed")
    shutil.copytree(model, copy)
    weights = os.path.join(copy, "model.safetensors")
    data = bytearray(read(weights))
    data[-1] ^= 1
    with open(weights, "wb") as file:
        file.write(data)
    check(f"{title}: and refuses one bit of another", model_signing(copy, path, key).returncode != 0)
    shutil.rmtree(copy)
    shutil.copytree(model, copy)
    with open(os.path.join(copy, "more.bin"), "wb") as file:
        file.write(b"more")
    check(f"{title}: and a file that was added", model_signing(copy, path, key).returncode != 0)
    os.remove(os.path.join(copy, "more.bin"))
    os.remove(os.path.join(copy, "config.json"))
    check(f"{title}: and one that is gone", model_signing(copy, path, key).returncode != 0)
    shutil.rmtree(copy)
    bundle = json.loads(read(path))
    sig = bytearray(base64.b64decode(bundle["dsseEnvelope"]["signatures"][0]["sig"]))
    sig[-1] ^= 1
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(sig).decode()
    forged = os.path.join(scratch, "forged.sig")
    with open(forged, "w", encoding="utf-8") as file:
        json.dump(bundle, file)
    check(f"{title}: and another signature", model_signing(model, forged, key).returncode != 0)


def check_bom(title, path, rounds):
    text = read(path).decode()
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    wrong = validator.validate_str(text)
    check(f"{title}: CycloneDX's strict validator takes it", wrong is None, str(wrong)[:300])
    bom = json.loads(text)
    bom["components"].append({"type": "model", "name": 1})
    check(f"{title}: and not what is no component", validator.validate_str(json.dumps(bom)) is not None)
    bom = json.loads(text)
    refs = [bom["metadata"]["component"]["bom-ref"], *(part["bom-ref"] for part in bom["components"])]
    named = {ref for one in bom["dependencies"] for ref in [one["ref"], *one["dependsOn"]]}
    check(f"{title}: each part is there once, and what depends on what is closed", len(set(refs)) == len(refs) and named == set(refs))
    bases = [part for part in bom["components"] if part["bom-ref"].startswith("base:")]
    check(f"{title}: it has every base before", len(bases) == rounds, len(bases))
    return bom


def check_base(title, data_dir, base, rounds):
    with tempfile.TemporaryDirectory() as scratch:
        model = os.path.join(scratch, "model")
        files = {name: os.path.join(scratch, name) for name in ("in-toto", "model-signing", "ml-bom")}
        flags = [part for name, path in files.items() for part in (f"--{name}", path)]
        code, told = coldmesh("export", base, "--dir", data_dir, "--out", model, *flags)
        check(f"{title}: exported with all three", code == 0, told)
        said = check_in_toto(f"{title}: statement", files["in-toto"], model, base)
        check_model_signing(f"{title}: model signature", files["model-signing"], model, scratch)
        bom = check_bom(f"{title}: bill of materials", files["ml-bom"], rounds)
        for name, path in files.items():
            code, report = coldmesh("verify", model, "--dir", data_dir, "--level", "signatures", "--attestation", path)
            check(f"{title}: coldmesh says that the {name} file tells the truth", code == 0 and report["attestation"]["valid"], report)
        return said, bom, told


def check_vectors():
    path = os.path.join(REPOSITORY, "test", "vectors", "attestation", "export-key.v1.json")
    vectors = json.loads(read(path))
    for vector in vectors["accepted"] + vectors["rejected"] + vectors["judged"]:
        data = bytes.fromhex(vector["hex"]) if "hex" in vector else bytes.fromhex(vector["repeat"][0]) * vector["repeat"][1]
        wrong = raises(export_key.Wrong, lambda: export_key.open_export_key(data, vectors["network"]))
        check(f"export-key/1: {vector['verdict']}s {vector['name']}", wrong == (vector["verdict"] != "accept"))


def main():
    check_vectors()
    with open(sys.argv[1], encoding="utf-8") as file:
        result = json.loads(file.read().strip().splitlines()[-1])
    data_dir = next(peer["dataDir"] for peer in result["peers"] if peer["name"] == result["verifiedFrom"])
    last = max(result["rounds"], key=lambda entry: entry["round"])
    check_base("the demo's last base", data_dir, last["base"], last["round"])
    folder = sys.argv[2]
    bases = json.loads(read(os.path.join(folder, "bases.json")))
    for number, base in enumerate(bases):
        said, bom, told = check_base(f"round {number}", os.path.join(folder, "peer"), base, number)
        check(f"round {number}: the statement has the report", len(said["predicate"]["reports"]) == 1)
        warned = {one["kind"] for one in told["warnings"]}
        in_bom = {one["name"].rsplit(":", 1)[1] for one in bom.get("properties", [])}
        check(f"round {number}: it warns of the same licences in both places", warned == in_bom, (warned, in_bom))
    wanted = {"not-stated", "not-spdx", "non-commercial", "excluding"}
    check("the last base warns of each kind of licence in it", warned == wanted, warned)
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)


main()

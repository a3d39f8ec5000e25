"""Writes test/vectors/wire/ed25519/*.v1.json: public sets of Ed25519 vectors, each with our verdict from judge.py.

    python3 make_vectors.py RAW [OUT]

RAW holds the files as their projects publish them, under these names: sign.input, wycheproof.json, cctv.json, zip215.json,
speccheck.json. Where each comes from is in test/vectors/wire/ed25519/README.md. The files are frozen: running this again
gives the same bytes.
"""

import collections
import json
import os
import sys

from judge import judge

HERE = os.path.dirname(os.path.abspath(__file__))
FROZEN = os.path.join(HERE, "..", "..", "vectors", "wire", "ed25519")

# RFC 8032, section 7.1, TEST SHA(abc). TESTs 1, 2, 3 and 1024 are lines 1, 2, 3 and 1024 of sign.input.
SHA_ABC = (
    "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
)
# Of 1,024: messages of 0 to 127 bytes go over two edges of the hash's blocks.
SIGN_INPUT_LINES = 128
# speccheck's README, column "cof-less": which cases the equation without a cofactor accepts.
SPECCHECK_COFACTORLESS = "VVVVXXVVVVVV"


def read_json(raw, name):
    with open(os.path.join(raw, name), encoding="utf-8") as file:
        return json.load(file)


def sign_input(raw):
    with open(os.path.join(raw, "sign.input"), encoding="utf-8") as file:
        for line in file.read().split():
            _, key, message, signed = line.split(":")[:4]
            yield key, message, signed[:128]


def rfc8032(raw):
    lines = list(sign_input(raw))
    tests = [("TEST 1", lines[0]), ("TEST 2", lines[1]), ("TEST 3", lines[2]), ("TEST 1024", lines[1023])]
    for name, (key, message, signature) in [*tests, ("TEST SHA(abc)", SHA_ABC)]:
        yield name, key, message, signature, "valid"


def cr_yp_to(raw):
    for i, (key, message, signature) in enumerate(list(sign_input(raw))[:SIGN_INPUT_LINES]):
        yield f"line {i + 1}", key, message, signature, "valid"


def wycheproof(raw):
    for group in read_json(raw, "wycheproof.json")["testGroups"]:
        for test in group["tests"]:
            name = f"{test['tcId']} {', '.join(test['flags'])} {test['comment']}".strip()
            yield name, group["publicKey"]["pk"], test["msg"], test["sig"], test["result"]


def cctv(raw):
    for test in read_json(raw, "cctv.json"):
        name = f"{test['number']} {', '.join(test['flags'] or ['none'])}"
        yield name, test["key"], test["msg"].encode().hex(), test["sig"], None


def zip215(raw):
    for i, test in enumerate(read_json(raw, "zip215.json")):
        name = f"{i} {'valid' if test['valid_legacy'] else 'invalid'} by the rule before ZIP 215"
        verdict = "valid" if test["valid_zip215"] else "invalid"
        yield name, test["vk_bytes"], b"Zcash".hex(), test["sig_bytes"], verdict


def speccheck(raw):
    for i, test in enumerate(read_json(raw, "speccheck.json")):
        verdict = "valid" if SPECCHECK_COFACTORLESS[i] == "V" else "invalid"
        yield f"case {i}", test["pub_key"], test["message"], test["signature"], verdict


def main(raw, out):
    total = 0
    for read in (rfc8032, cr_yp_to, wycheproof, cctv, zip215, speccheck):
        lines, reasons, differing = [], collections.Counter(), collections.Counter()
        for name, key, message, signature, theirs in read(raw):
            reason = judge(bytes.fromhex(message), bytes.fromhex(signature), bytes.fromhex(key))
            vector = dict(name=name, key=key, message=message, signature=signature, theirs=theirs, valid=reason is None)
            if reason is not None:
                vector["reason"] = reason
            lines.append(json.dumps(vector, separators=(",", ":")))
            reasons[reason or "valid"] += 1
            if theirs is not None and (theirs == "valid") != (reason is None):
                differing[reason or "valid"] += 1
        name = read.__name__.replace("_", "-")
        with open(os.path.join(out, f"{name}.v1.json"), "w", encoding="utf-8", newline="\n") as file:
            file.write('{\n  "vectors": [\n    ' + ",\n    ".join(lines) + "\n  ]\n}\n")
        total += len(lines)
        print(f"{name}: {len(lines)}, {dict(reasons)}, differs: {dict(differing)}")
    print(f"{total} in all")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else FROZEN)

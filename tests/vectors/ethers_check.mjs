// Recomputes every value of records.json with ethers and node's own HMAC, which share no code with the library.
// Prints one line for each value that differs; the exit status is 1 if there is one.

import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { AbiCoder, SigningKey, TypedDataEncoder, computeAddress, getBytes, hexlify, id, recoverAddress } from "ethers";

const path = process.argv[2] ?? new URL("records.json", import.meta.url);
const vectors = JSON.parse(readFileSync(path, "utf8"));
let compared = 0;
let differing = 0;

function same(where, expected, got) {
    compared += 1;
    if (expected === got) return;
    differing += 1;
    console.log(`${where}: ${expected} in the file, ${got} here`);
}

// ABI types and values of a struct's members, read off its EIP-712 types.
function abiType(types, name) {
    if (name.endsWith("[]")) return `${abiType(types, name.slice(0, -2))}[]`;
    return name in types ? `tuple(${types[name].map((member) => abiType(types, member.type)).join(",")})` : name;
}

function abiValue(types, name, value) {
    if (name.endsWith("[]")) return value.map((each) => abiValue(types, name.slice(0, -2), each));
    return name in types ? types[name].map((member) => abiValue(types, member.type, value[member.name])) : value;
}

for (const { name, domain, signer, ...expected } of vectors.records) {
    const { types: allTypes, primaryType, domain: named, message } = expected.typedData;
    const { EIP712Domain, ...types } = allTypes;
    const { key, address } = vectors.sampleKeys[signer];
    const encoder = TypedDataEncoder.from(types);
    const signingKey = new SigningKey(key);
    const digest = TypedDataEncoder.hash(named, types, message);
    const members = types[primaryType].map((member) => abiType(types, member.type));

    same(`${name}: primary type`, primaryType, encoder.primaryType);
    same(`${name}: type`, expected.typeString, encoder.encodeType(primaryType));
    same(`${name}: type hash`, expected.typeHash, id(encoder.encodeType(primaryType)));
    same(`${name}: bytes`, expected.bytes, AbiCoder.defaultAbiCoder().encode(members, abiValue(types, primaryType, message)));
    same(`${name}: id`, expected.id, TypedDataEncoder.hashStruct(primaryType, types, message));
    same(`${name}: digest`, expected.digest, digest);
    same(`${name}: signature`, expected.signature, signingKey.sign(digest).compactSerialized);
    same(`${name}: signer`, address, recoverAddress(digest, expected.signature));
    same(`${name}: domain`, vectors.domains[domain].separator, TypedDataEncoder.hashDomain(named));
    same(`${name}: chain`, vectors.domains[domain].chainId, named.chainId);
    same(`${name}: contract`, vectors.domains[domain].verifyingContract, named.verifyingContract);
}

for (const [name, { key, address }] of Object.entries(vectors.sampleKeys)) {
    same(`key of ${name}`, key, id(`tongquan sample key: ${name}`));
    same(`address of ${name}`, address, computeAddress(key));
}

for (const { purpose, parts, tag } of vectors.tags) {
    const epoch = getBytes(tag)[0];
    const mac = createHmac("sha256", getBytes(vectors.sampleTagKeys[epoch])).update(purpose).update(Buffer.of(0));
    for (const part of parts) {
        const length = Buffer.alloc(4);
        length.writeUInt32BE(Buffer.byteLength(part, "utf8"));
        mac.update(length).update(part, "utf8");
    }
    same(`tag of ${purpose} ${parts.join(" ")}`, tag, hexlify(Buffer.concat([Buffer.of(epoch), mac.digest().subarray(0, 31)])));
}

console.log(`${compared} compared, ${differing} differ`);
process.exitCode = compared > 0 && differing === 0 ? 0 : 1;

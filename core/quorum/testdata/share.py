#!/usr/bin/env python3
"""A second implementation of the share format, from its description alone.

Reads one JSON object {"list": [...], "names": [...], "shares": [[33 words]...],
"set": n, "generation": n} on standard input; prints what the shares hold, their
commitments, and the PIN that they give together with its digest.
"""
import hashlib
import json
import sys


def times(a, b, modulus, top):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & top:
            a ^= modulus
        b >>= 1
    return product


def gf1024(a, b):
    return times(a, b, 0b10000001001, 1 << 10)


def gf256(a, b):
    return times(a, b, 0b100011011, 1 << 8)


def divisible(words):
    root = 1
    for _ in range(4):
        root = gf1024(root, 2)
        power, value = 1, 0
        for word in reversed(words):
            value ^= gf1024(word, power)
            power = gf1024(power, root)
        if value:
            return False
    return True


def frame(b):
    return len(b).to_bytes(4, "big") + b


def digest(*fields):
    return hashlib.sha256(b"".join(map(frame, fields))).hexdigest()


def inverse(a):
    return next(b for b in range(256) if gf256(a, b) == 1)


def main():
    given = json.load(sys.stdin)
    place = {word: i for i, word in enumerate(given["list"])}
    out, points = [], []
    for name, share in zip(given["names"], given["shares"]):
        words = [place[w] for w in share]
        bits = "".join(format(w, "010b") for w in words[:29])
        fields, at = [], 0
        for width in (2, 15, 5, 4, 8):
            fields.append(int(bits[at:at + width], 2))
            at += width
        y = int(bits[at:], 2).to_bytes(32, "big")
        packed = int(bits + "000000", 2).to_bytes(37, "big")
        points.append((fields[4], y))
        out.append({
            "divisible": divisible(words), "version": fields[0], "set": fields[1],
            "generation": fields[2], "threshold": fields[3] + 1, "x": fields[4],
            "commitment": digest(b"anodize share commitment v1", name.encode(), packed),
        })
    pin = bytearray(32)
    for xi, yi in points:
        basis = 1
        for xj, _ in points:
            if xj != xi:
                basis = gf256(basis, gf256(xj, inverse(xi ^ xj)))
        for i in range(32):
            pin[i] ^= gf256(yi[i], basis)
    verify = digest(b"anodize PIN verify v1", given["set"].to_bytes(2, "big"),
                    given["generation"].to_bytes(4, "big"), bytes(pin))
    json.dump({"shares": out, "pin": pin.hex(), "verify": verify}, sys.stdout)


main()

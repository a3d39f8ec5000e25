"""The predicate of protocols/wire/SPEC.md ("Signatures"), in Python's own integers and from RFC 8032 alone.

judge(message, signature, key) gives None for a valid signature, else the first thing that is wrong with it.
"""

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_MINUS_ONE = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1, 1, 0)


def add(p, q):
    """RFC 8032, 5.1.4: complete addition in extended coordinates."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * D * p[3] * q[3] % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    total = IDENTITY
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def is_identity(point):
    return point[0] % P == 0 and (point[1] - point[2]) % P == 0


def recover(y, sign):
    """The point with this y and this lowest bit of x; None when there is none."""
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x + u) % P == 0:
        x = x * SQRT_MINUS_ONE % P
    if (v * x * x - u) % P != 0 or (x == 0 and sign == 1):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def encode(point):
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = recover(4 * pow(5, -1, P) % P, 0)


def small_order_y():
    """The y of the eight points whose order divides 8, found by clearing the large factor from points."""
    found = set()
    y = 2
    while len(found) < 5:
        point = recover(y, 0)
        y += 1
        if point is None:
            continue
        torsion = multiply(L, point)
        for times in range(8):
            found.add(int.from_bytes(encode(multiply(times, torsion)), "little") & (2**255 - 1))
    return found


SMALL_ORDER_Y = small_order_y()


def judge(message, signature, key):
    if len(signature) != 64 or len(key) != 32:
        return "length"
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    if s >= L:
        return "scalar-range"
    low = 2**255 - 1
    key_y, r_y = int.from_bytes(key, "little") & low, int.from_bytes(r, "little") & low
    for name, y in (("key", key_y), ("r", r_y)):
        if y >= P:
            return f"{name}-not-canonical"
    for name, y in (("key", key_y), ("r", r_y)):
        if y in SMALL_ORDER_Y:
            return f"{name}-small-order"
    a = recover(key_y, key[31] >> 7)
    if a is None:
        return "key-no-point"
    k = int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % L
    minus_a = (-a[0] % P, a[1], 1, -a[3] % P)
    expected = add(multiply(s, BASE), multiply(k, minus_a))
    return None if encode(expected) == r else "equation"

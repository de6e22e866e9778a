#!/usr/bin/env python3
"""Makes reference.json: numbers of the protocol's executable reference that the Rust code must give too.

    python3 make_reference_vectors.py REFERENCE.py > reference.json

The reference is imported from the file that is named; every challenge is fixed here, none comes from a transcript. The numbers
are those that prover and verifier compute from public data, weights and challenges, for the reference's two networks.
"""
import importlib.util, json, sys

spec = importlib.util.spec_from_file_location("reference", sys.argv[1])
ref = importlib.util.module_from_spec(spec)
sys.modules["reference"] = ref
spec.loader.exec_module(ref)
P = ref.P


def scalars(label, count):
    """Scalars that depend on a label alone."""
    return [ref.Transcript(f"vector {label} {i}").challenge() for i in range(count)]


def scalar(label):
    return scalars(label, 1)[0]


def text(x):
    if isinstance(x, dict): return {k: text(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)): return [text(v) for v in x]
    return str(x % P) if isinstance(x, int) and abs(x) > 1 << 31 else x


def network(kind):
    M, x = ref.network(kind)
    last = len(M.layers)
    challenges = dict(tau=scalars("tau", M.mu), eta=scalar("eta"), gamma=scalars("gamma", len(M.layers)), delta=scalar("delta"),
                      r_pos=scalars("r_pos", max(ref.log2(b.positions) for b in M.blocks)),
                      r_io=scalars("r_io", max(sum(b.bits()) for b in M.blocks)))
    alpha, r, z = scalar("alpha"), scalars("r", M.mu), scalars("z", M.COLS)
    lookup = {"lambda": scalar("lambda"), "theta": scalar("theta")}
    trace = M.infer(x)
    values = lambda t: [[trace[t][p, c][2] for c in range(M.in_dims[t][1])] for p in range(M.in_dims[t][0])]
    io = [(t, values(t)) for t in (0, last)]
    u, v, G, K = ref.functionals(M, challenges, alpha, io)
    er, inverse = ref.eq_vec(r), ref.inv(M.n)
    kappa = [0] * M.C
    for j, c, row, k in G: kappa[j] = (kappa[j] + k * z[c] * er[row]) % P
    for j, k in K: kappa[j] = (kappa[j] + k * inverse) % P
    g = [sum(pow(alpha, i, P) * M.W[i][j] for i in range(ref.R_ROWS)) % P for j in range(M.C)]
    masked = ref.masked_kappa(M, alpha, kappa, ref.libra_functional(r))
    mask = scalars("mask", 5 * M.mu)
    T, point = ref.Table(), scalar("point")
    table = T.column(M.n, lookup["theta"])
    t = ref.mle(table, r)
    tags = [ref.mle(tags, r) for tags in M.tags]
    eq, tail = ref.mle(ref.eq_vec(challenges["tau"]), r), 1
    for k in range(2, M.mu): tail = tail * r[k] % P
    openings = [scalar(x) for x in ("alpha prime", "psi", "g_a", "g_b", "c_1")]
    U, V = ref.laurent(M, point, *openings, r, masked)
    order = ("gp", "h", "g", "S", "D")
    return dict(
        name=kind, log_rows=M.mu, lanes=M.lanes, columns=M.C, in_dims=M.in_dims, input=x,
        layers=[dict(weight=l.weight, bias=l.bias, tag=l.tag, stride=l.stride) for l in M.layers],
        blocks=[[b.lane, b.base] for b in M.blocks], gblocks=[list(b) for b in M.gblocks],
        trace=[[list(trace[t][p, c]) for p in range(M.in_dims[t][0]) for c in range(M.in_dims[t][1])] for t in range(last + 1)],
        challenges=dict(challenges, alpha=alpha, r=r, z=z, point=point, openings=openings, **{"lambda": lookup["lambda"]},
                        theta=lookup["theta"]),
        v=v, u_at_r=sum(ref.dot(u[c], er) * z[c] for c in range(M.COLS)), kappa=kappa, masked_tail=masked[M.C:],
        masked_at_point=ref.evaluate(masked, point), g=g, bias_constant=sum(k * g[j] for j, k in K) * inverse,
        table_at_r=t, tags_at_r=tags, constraints=ref.constraints(M, eq, (1 - tail) % P, z, t, tags, lookup | challenges),
        fractions=[ref.lookups(M, lane, z, tags[lane], lookup) for lane in range(M.lanes)],
        laurent=[[x.get(k, 0) for k in order] for x in (U, V)],
        symmetric_quotient=ref.symmetric_quotient(g[:9], kappa[:5]),
        mask=mask, mask_at_r=sum(ref.libra_at([mask[5 * k:5 * k + 5] for k in range(M.mu)], k, r[k]) for k in range(M.mu)),
    )


json.dump(text([network(kind) for kind in ("mlp", "conv")]), sys.stdout, indent=None, separators=(",", ":"))
print()
